internal import AgentAPI
internal import Glibc
internal import Policy

/// What the settings name: other files, directories, and each other.
extension ConfigurationCheck {
    mutating func examine(_ settings: DaemonSettings) {
        if access(paths.addedSinks, F_OK) == 0 { problems.examine(paths.addedSinks) }
        for sink in settings.sinks.broken { problems.add(sink.error) }
        for sink in settings.sinks.shadowed {
            problems.warn(
                ConfigurationError(
                    at: sink.source, problem: "path: another sink that comes first has \(sink.path)",
                    hint: "give each sink a path of its own, or remove this one"))
        }
        for sink in settings.sinks.inForce where !sink.path.hasPrefix(paths.sinks + "/") {
            guard let (error, isWarning) = SinkPlace(sink).problem() else { continue }
            let placed = ConfigurationError(at: error.file, problem: error.problem, hint: error.hint)
            if isWarning { problems.warn(placed) } else { problems.add(placed) }
        }
        if let path = settings.network.caFile { examine(certificates: path) }
        if let path = settings.auditFile, let error = parts.audit(path) { problems.add(error) }
        for (rule, earlier) in RuleOrder.unreachable(settings.rules) {
            problems.warn(
                ConfigurationError(
                    at: rule.source, problem: "rule: it never decides: the rule at \(earlier.source) matches first",
                    hint: "put it before that one, or remove it"))
        }
    }

    /// Refuses a bundle with which no provider is trusted.
    private mutating func examine(certificates path: String) {
        problems.attempt { () throws(ConfigurationError) in
            let limit = ProtectedFile.longestBundle
            guard let bytes = try ProtectedFile.read(path, mayBeReadByOthers: true, limit: limit) else {
                throw ConfigurationError(
                    file: path, problem: "network.ca_file: there is no such file",
                    hint: "put the CA certificates there as PEM, or correct network.ca_file")
            }
            // 'openssl x509 -trustout' writes the second form.
            let text = String(decoding: bytes, as: UTF8.self)
            guard text.contains("-----BEGIN CERTIFICATE-----") || text.contains("-----BEGIN TRUSTED CERTIFICATE-----")
            else {
                throw ConfigurationError(
                    file: path, problem: "network.ca_file: the file does not contain a certificate",
                    hint: "put the CA certificates there as PEM")
            }
        }
    }
}
