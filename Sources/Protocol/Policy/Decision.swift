public import AgentAPI

/// The rules' decision.
public struct Decision: Equatable, Sendable {
    public var isAllowed: Bool
    /// The number of the rule that decided, from 1 in the order of the files; `nil` if the default did, which allows
    /// only the owner and root.
    public var rule: Int?
    /// The most that a token may have; `nil` if unbounded.
    public var bound: TokenBound?
    public var maximumPerMinute: Int?
    /// How often the agent's owner confirms requests; `nil` if never.
    public var confirm: Confirmation?

    public init(
        isAllowed: Bool, rule: Int?, bound: TokenBound? = nil, maximumPerMinute: Int? = nil,
        confirm: Confirmation? = nil
    ) {
        self.isAllowed = isAllowed
        self.rule = rule
        self.bound = bound
        self.maximumPerMinute = maximumPerMinute
        self.confirm = confirm
    }
}
