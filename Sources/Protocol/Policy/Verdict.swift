public import AgentAPI

/// The rules' answer to a request.
public struct Verdict: Equatable, Sendable {
    public var outcome: Outcome
    public var rule: Int?
    /// Whether the agent's owner has to confirm an allowed request first; `nil` if not.
    public var confirm: Confirmation?

    public enum Outcome: Equatable, Sendable {
        /// Allowed, with the most that a token may have; `nil` if unbounded.
        case allowed(TokenBound?)
        case refused(Permission)
        /// The rule does not allow these scopes.
        case beyond([String])
        /// The rule does not allow authorization details of these types.
        case beyondTypes([String])
        /// The rule does not allow this role at AWS.
        case beyondRoles(AWSRole)
        /// The rate limit is reached; retry after so many seconds.
        case tooMany(retryAfter: Int)
    }

    public init(_ outcome: Outcome, rule: Int?, confirm: Confirmation? = nil) {
        self.outcome = outcome
        self.rule = rule
        self.confirm = confirm
    }
}
