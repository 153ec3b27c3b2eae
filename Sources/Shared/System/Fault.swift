/// What is wrong, in one line, and the command or setting that repairs it.
public struct Fault: FaultError, Equatable, Sendable {
    public var problem: String
    public var hint: String

    public init(_ problem: String, hint: String) {
        self.problem = problem
        self.hint = hint
    }

    public var fault: Fault { self }
}

/// An error that says what is wrong and what repairs it.
public protocol FaultError: Error, CustomStringConvertible {
    var fault: Fault { get }
}

extension FaultError {
    public var description: String { fault.problem }

    public var hint: String { fault.hint }
}
