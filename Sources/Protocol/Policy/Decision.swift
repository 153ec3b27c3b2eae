public import AgentAPI

/// What came of asking the rules.
public struct Decision: Equatable, Sendable {
    public var isAllowed: Bool
    /// The rule that decided, from 1 in the order of the files; nil: the default, which knows the owner and root only.
    public var rule: Int?
    /// What a token may have at most; nil: no bound.
    public var bound: TokenBound?
    public var maximumPerMinute: Int?

    public init(isAllowed: Bool, rule: Int?, bound: TokenBound? = nil, maximumPerMinute: Int? = nil) {
        self.isAllowed = isAllowed
        self.rule = rule
        self.bound = bound
        self.maximumPerMinute = maximumPerMinute
    }
}
