public import System

/// An error in a configuration file, with its place and a hint.
public struct ConfigurationError: FaultError, Equatable, Sendable {
    public var file: String
    /// The line, from 1; `nil` if the error concerns the whole file.
    public var line: Int?
    public var problem: String
    public var hint: String

    public init(file: String, line: Int? = nil, problem: String, hint: String) {
        self.file = file
        self.line = line
        self.problem = problem
        self.hint = hint
    }

    public var fault: Fault { Fault(description, hint: hint) }

    /// Declared here for modules that do not import System.
    public var description: String {
        line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
    }
}
