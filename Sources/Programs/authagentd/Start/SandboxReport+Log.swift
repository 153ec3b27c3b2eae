internal import Logging
internal import Sandbox

extension SandboxReport {
    /// Logs what is not in force, and why.
    func log(to logger: Logger) {
        let parts: [(name: String, measure: Measure)] = [
            ("no_new_privs", noNewPrivileges), ("system calls", systemCalls), ("execution", execution),
            ("files", files),
        ]
        for part in parts {
            guard let reason = part.measure.reason else { continue }
            logger.notice("not restricted", metadata: ["part": "\(part.name)", "reason": "\(reason)"])
        }
    }
}
