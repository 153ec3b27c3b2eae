public import AgentAPI

/// Examines every file that an agent would read. It needs no agent, no network and no store, and changes nothing.
public struct ConfigurationCheck {
    /// What other modules know about files that the configuration names.
    public struct Parts: Sendable {
        /// Returns why decisions cannot be recorded in this file; `nil` if they can.
        public var audit: @Sendable (String) -> ConfigurationError?

        public init(audit: @escaping @Sendable (String) -> ConfigurationError?) { self.audit = audit }
    }

    let paths: UserPaths
    let names: UserNames
    let parts: Parts
    var problems = ConfigurationProblems()

    public static func report(_ paths: UserPaths, names: UserNames = .system, _ parts: Parts) -> ConfigurationReport {
        var check = ConfigurationCheck(paths: paths, names: names, parts: parts)
        let settings = DaemonSettings.read(paths, names: names, &check.problems)
        check.examine(settings)
        check.examineAccounts(of: settings)
        return ConfigurationReport(check.problems)
    }
}

extension ConfigurationReport {
    /// The files in the order in which they were read, and then what else has a problem.
    init(_ problems: ConfigurationProblems) {
        var found: [String: [Problem]] = [:]
        for entry in problems.entries {
            found[entry.error.file, default: []].append(Problem(entry.error, entry.isWarning ? .warning : .error))
        }
        var paths = problems.files
        var listed = Set(paths)
        for entry in problems.entries where listed.insert(entry.error.file).inserted { paths.append(entry.error.file) }
        let omitted = problems.errors + problems.warnings - problems.entries.count
        self.init(
            files: paths.map { path in
                // From the top of the file, as a person mends them.
                File(path: path, problems: (found[path] ?? []).sorted { $0.line ?? 0 < $1.line ?? 0 })
            }, errors: problems.errors,
            warnings: problems.warnings, omitted: omitted == 0 ? nil : omitted)
    }
}

extension ConfigurationReport.Problem {
    init(_ error: ConfigurationError, _ severity: ConfigurationReport.Severity) {
        self.init(
            line: error.line, column: error.column, problem: error.problem, hint: error.hint, severity: severity)
    }
}
