/// Why there is no token with the target that was asked for, though the login is fine.
public struct TargetRefusal: Sendable, Equatable {
    public var reason: Reason
    /// The scopes that were asked for and not granted; empty if none were asked for.
    public var missing: [String]
    /// What the provider granted instead, for `narrower`.
    public var granted: [String]
    /// What the login has.
    public var loginScope: [String]
    /// The provider's words.
    public var detail: String?

    public init(
        _ reason: Reason, missing: [String], granted: [String] = [], loginScope: [String], detail: String? = nil
    ) {
        self.reason = reason
        self.missing = missing
        self.granted = granted
        self.loginScope = loginScope
        self.detail = detail
    }

    public enum Reason: String, Sendable {
        /// RFC 6749 §5.2.
        case invalidScope = "invalid_scope"
        /// RFC 8707 §2: the resource or the audience.
        case invalidTarget = "invalid_target"
        /// The provider granted less than was asked for.
        case narrower
        /// It refused for another reason, and goes on giving the login's own token.
        case refused
        /// It was not asked, because it has just refused one after the other.
        case tooManyRefused = "too_many_refused"
        /// Only a refresh token can be exchanged for another token than the login's.
        case noRefreshToken = "no_refresh_token"
    }
}
