/// What is wrong, in one line, and the command or setting that repairs it.
public struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
    public var problem: String
    public var hint: String

    public init(_ problem: String, hint: String) {
        self.problem = problem
        self.hint = hint
    }

    public var description: String { problem }
}
