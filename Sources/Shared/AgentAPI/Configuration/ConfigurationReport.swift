/// What is wrong in the files that an agent would read.
public struct ConfigurationReport: Codable, Equatable, Sendable {
    /// Whether an agent would take the files over: there may be warnings, but no errors.
    public var ok: Bool
    public var errors: Int
    public var warnings: Int
    /// In the order in which an agent reads them.
    public var files: [File]
    /// The number of errors and warnings that are not listed, because there are too many; absent if all are.
    public var omitted: Int?
    /// Why nothing could be checked; otherwise absent.
    public var error: PolicyTestReport.Fault?

    public init(
        files: [File] = [], errors: Int = 0, warnings: Int = 0, omitted: Int? = nil,
        error: PolicyTestReport.Fault? = nil
    ) {
        ok = errors == 0 && error == nil
        (self.files, self.errors, self.warnings, self.omitted, self.error) = (files, errors, warnings, omitted, error)
    }

    public struct File: Codable, Equatable, Sendable {
        public var path: String
        /// Empty for a file without problems.
        public var problems: [Problem]

        public init(path: String, problems: [Problem] = []) { (self.path, self.problems) = (path, problems) }
    }

    public struct Problem: Codable, Equatable, Sendable {
        /// From 1; absent if the problem concerns the whole file.
        public var line: Int?
        /// From 1; absent where it is not known.
        public var column: Int?
        public var problem: String
        public var hint: String
        public var severity: Severity

        public init(line: Int? = nil, column: Int? = nil, problem: String, hint: String, severity: Severity) {
            (self.line, self.column) = (line, column)
            (self.problem, self.hint, self.severity) = (problem, hint, severity)
        }
    }

    public enum Severity: String, Codable, Sendable {
        /// An agent refuses the file, or what it says does not work.
        case error
        /// Probably not intended, or not complete yet.
        case warning
    }
}
