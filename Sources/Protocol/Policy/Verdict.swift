public import AgentAPI

/// The rules' answer to a request.
public struct Verdict: Equatable, Sendable {
    public var outcome: Outcome
    public var rule: Int?

    public enum Outcome: Equatable, Sendable {
        /// With the most that a token may have; nil: no bound.
        case allowed(TokenBound?)
        case refused(Permission)
        /// These scopes are more than the rule allows.
        case beyond([String])
        /// Not before so many seconds.
        case tooMany(retryAfter: Int)
    }

    public init(_ outcome: Outcome, rule: Int?) {
        self.outcome = outcome
        self.rule = rule
    }
}
