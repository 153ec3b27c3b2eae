/// The error codes that this agent acts upon. Any other is fatal to a login and kept as text.
enum ErrorCode: String {
    // RFC 8628 §3.5.
    case accessDenied = "access_denied"
    case authorizationPending = "authorization_pending"
    case expiredToken = "expired_token"
    case slowDown = "slow_down"
    // RFC 6749 §5.2.
    case invalidClient = "invalid_client"
    case invalidGrant = "invalid_grant"
    case invalidRequest = "invalid_request"
    case invalidScope = "invalid_scope"
    case unauthorizedClient = "unauthorized_client"
    case unsupportedGrantType = "unsupported_grant_type"
    // RFC 6749 §4.1.2.1 has these for redirects; servers use them everywhere.
    case serverError = "server_error"
    case temporarilyUnavailable = "temporarily_unavailable"
    // RFC 8707 §2.
    case invalidTarget = "invalid_target"
    // RFC 9449 §5 and §8.
    case invalidProof = "invalid_dpop_proof"
    case useNonce = "use_dpop_nonce"
    // GitHub's words for `invalid_grant` and `invalid_client`, sent with status 200.
    case badRefreshToken = "bad_refresh_token"
    case incorrectClientCredentials = "incorrect_client_credentials"

    /// What the code says about a refresh token that it answers.
    enum Meaning {
        /// Neither the grant nor the client is at fault; it may work later.
        case notNow
        /// The grant is dead.
        case deadGrant
        /// The client or what it asks for is refused.
        case misconfigured
        /// The server says no, for a reason that is none of these.
        case refused
    }

    var meaning: Meaning {
        switch self {
        case .slowDown, .serverError, .temporarilyUnavailable: .notNow
        case .invalidGrant, .badRefreshToken: .deadGrant
        case .invalidClient, .invalidRequest, .invalidScope, .unauthorizedClient, .unsupportedGrantType,
            .invalidTarget, .invalidProof, .useNonce, .incorrectClientCredentials:
            .misconfigured
        case .accessDenied, .authorizationPending, .expiredToken: .refused
        }
    }
}

extension ProviderError {
    var meaning: ErrorCode.Meaning { ErrorCode(rawValue: code)?.meaning ?? .refused }
}
