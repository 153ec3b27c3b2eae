/// What is wrong with a configuration file, where, and how to mend it.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1; nil when the file as a whole is wrong.
    public var line: Int?
    public var problem: String
    public var hint: String

    public init(file: String, line: Int? = nil, problem: String, hint: String) {
        self.file = file
        self.line = line
        self.problem = problem
        self.hint = hint
    }

    public var description: String {
        line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
    }
}
