internal import Configuration
internal import Sandbox
internal import System

/// The directories to which the agent may write: it has limited itself to them at its start.
struct WritableDirectories: Sendable {
    let allows: @Sendable (String) -> Bool

    init(_ sandbox: Sandbox) { allows = { sandbox.allowsWriting(to: $0) } }

    /// Refuses settings that the agent could follow only after its next start. `known`: the sinks in force.
    func require(
        _ settings: DaemonSettings, auditFile: String?, besides known: [SinkSettings]
    ) throws(ConfigurationError) {
        try SinkPlace.requireReachable(settings.sinks.configured, besides: known, allows)
        guard let auditFile, !allows(TrustedFile.resolved(PrivateDirectory.parent(of: auditFile))) else { return }
        let fault = SinkPlace.unreachable(auditFile)
        throw ConfigurationError(
            file: DaemonSettings.fileName, problem: "audit_file: \(fault.problem)", hint: fault.hint)
    }
}
