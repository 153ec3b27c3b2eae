public import System

/// An error in a configuration file, with its place and a hint.
public struct ConfigurationError: FaultError, Hashable, Sendable {
    public var file: String
    /// The line, from 1; `nil` if the error concerns the whole file.
    public var line: Int?
    /// The column, from 1, where a file is not TOML; otherwise `nil`.
    public var column: Int?
    public var problem: String
    public var hint: String
    /// The key that is wrong; `nil` if the error does not concern one.
    var key: String?

    public init(file: String, line: Int? = nil, column: Int? = nil, problem: String, hint: String) {
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem
        self.hint = hint
    }

    /// Creates an error at a place in the form `file:line`.
    init(at place: String, problem: String, hint: String) {
        let parts = place.split(separator: ":")
        let line = parts.count > 1 ? parts.last.flatMap { Int($0) } : nil
        let file = line == nil ? place : String(place[..<(place.lastIndex(of: ":") ?? place.endIndex)])
        self.init(file: file, line: line, problem: problem, hint: hint)
    }

    public var fault: Fault { Fault(description, hint: hint) }

    /// Declared here for modules that do not import System.
    public var description: String {
        line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
    }
}
