internal import AgentAPI
internal import Policy

/// The keys of `authagent.toml`.
extension DaemonSettings {
    /// Takes the file's values over those of the files before; what is wrong stays as it was.
    mutating func apply(_ file: inout TOMLFile, _ level: inout Level, _ problems: inout ConfigurationProblems) {
        let names = level.places.names
        problems.attempt { () throws(ConfigurationError) in
            if let level = try file.choice("log_level", LogLevel.self) { logLevel = level }
        }
        problems.attempt { () throws(ConfigurationError) in
            if let format = try file.choice("log_format", LogFormat.self) { logFormat = format }
        }
        problems.attempt { () throws(ConfigurationError) in
            if let path = try file.absolutePath("audit_file", mayBeEmpty: true) {
                auditFile = path.isEmpty ? nil : path
            }
        }
        problems.attempt { () throws(ConfigurationError) in
            if let group = try file.string("socket_group") {
                socketGroup = try group.isEmpty ? nil : number(of: group, file, names)
            }
        }
        problems.attempt { () throws(ConfigurationError) in
            // Not key by key: a user must not take back what the machine demands.
            if try file.boolean("strict") == true { isStrict = true }
        }
        hooks.read(&file, &problems)
        network.read(&file, &problems)
        rules += problems.tables("rule", most: AccessRuleTable.most, before: rules.count, of: &file) {
            (table) throws(ConfigurationError) in try AccessRuleTable.parse(&table, names)
        }
        sinks.configured += file.sinks(&level, &problems)
        credentials += problems.tables("credential", most: CredentialTable.most, before: credentials.count, of: &file) {
            (table) throws(ConfigurationError) in try CredentialTable.parse(&table)
        }
        problems.refuseUnknownKeys(of: file)
    }

    private func number(
        of group: String, _ file: TOMLFile, _ names: UserNames
    ) throws(ConfigurationError) -> UInt32 {
        if let number = names.group(group) { return number }
        throw file.error(
            "socket_group", "there is no such group on this machine", hint: "create it first, or see 'getent group'"
        )
    }
}

extension NetworkSettings {
    /// Takes over the keys of `[network]`.
    fileprivate mutating func read(_ file: inout TOMLFile, _ problems: inout ConfigurationProblems) {
        problems.attempt { () throws(ConfigurationError) in
            if let proxy = try file.string("network.proxy") { self.proxy = proxy }
        }
        problems.attempt { () throws(ConfigurationError) in
            if let noProxy = try file.string("network.no_proxy") { self.noProxy = noProxy }
        }
        problems.attempt { () throws(ConfigurationError) in
            guard let path = try file.absolutePath("network.ca_file") else { return }
            // The file decides which providers are trusted. The doctor reports a missing one.
            _ = try ProtectedFile.read(path, mayBeReadByOthers: true, limit: ProtectedFile.longestBundle)
            caFile = path
        }
        problems.attempt { () throws(ConfigurationError) in
            if let seconds = try file.integer("network.connect_timeout", in: 1...120) {
                connectTimeout = .seconds(seconds)
            }
        }
        problems.attempt { () throws(ConfigurationError) in
            if let seconds = try file.integer("network.timeout", in: 1...300) { timeout = .seconds(seconds) }
        }
    }
}

extension TOMLFile {
    fileprivate mutating func absolutePath(
        _ key: String, mayBeEmpty: Bool = false
    ) throws(ConfigurationError) -> String? {
        guard let path = try string(key) else { return nil }
        guard mayBeEmpty && path.isEmpty || path.hasPrefix("/") else {
            throw error(key, "the path is not absolute", hint: "give a path that starts with /")
        }
        return path
    }
}
