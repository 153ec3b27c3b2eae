/// The result of a report that a service has refused a token that has not expired.
public enum Rejection: Equatable, Sendable {
    case renewed
    /// The agent keeps its token.
    case kept(Reason)
    /// The provider issues no token with the demanded claims without a login.
    case claimsRefused

    public enum Reason: String, Sendable {
        /// The service refused another token than the agent would serve.
        case anotherToken = "another_token"
        /// It was renewed a moment ago, so renewing it again would not help.
        case renewedLately = "renewed_lately"
        /// The provider has answered the renewal with the same token.
        case sameToken = "same_token"
    }

    /// A service that refuses every token must not cost a refresh for each of its refusals.
    package static let gap: Duration = .seconds(60)
}
