/// Why a token for the requested target is missing, although the login is valid.
public struct TargetRefusal: Error, Sendable, Equatable {
    public var reason: Reason
    /// The scopes that were requested and not granted; empty if none were requested.
    public var missing: [String]
    /// The types of the authorization details that were requested and not granted.
    public var types: [String]
    /// The scopes that the provider granted instead, for `narrower`.
    public var granted: [String]
    /// The scopes of the login.
    public var loginScope: [String]
    /// The provider's words.
    public var detail: String?

    public init(
        _ reason: Reason, missing: [String], types: [String] = [], granted: [String] = [], loginScope: [String],
        detail: String? = nil
    ) {
        self.reason = reason
        self.missing = missing
        self.types = types
        self.granted = granted
        self.loginScope = loginScope
        self.detail = detail
    }

    public enum Reason: String, Sendable {
        /// RFC 6749 §5.2.
        case invalidScope = "invalid_scope"
        /// RFC 8707 §2: the resource or the audience.
        case invalidTarget = "invalid_target"
        /// RFC 9396 §5: the authorization details; also if the provider does not list their types.
        case invalidDetails = "invalid_authorization_details"
        /// The provider granted fewer authorization details than requested, or does not say which.
        case detailsNotGranted = "details_not_granted"
        /// The provider granted less than requested.
        case narrower
        /// The provider refused for another reason, and still renews the login's own token.
        case refused
        /// The provider was not asked, because it has just refused several new targets.
        case tooManyRefused = "too_many_refused"
        /// Only a refresh token can be exchanged for another token than the login's.
        case noRefreshToken = "no_refresh_token"
    }
}
