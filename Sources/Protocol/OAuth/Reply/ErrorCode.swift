internal import Formats

/// The error codes that the agent handles, named as in the RFCs. Any other code fails a login and is kept as text.
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
    // Defined for redirects in RFC 6749 §4.1.2.1; servers use them everywhere.
    case serverError = "server_error"
    case temporarilyUnavailable = "temporarily_unavailable"
    // RFC 8707 §2.
    case invalidTarget = "invalid_target"
    // Defined for redirects in OpenID Connect Core 1.0 §3.1.2.6; Entra and others send them for refreshes.
    case accountSelectionRequired = "account_selection_required"
    case consentRequired = "consent_required"
    case interactionRequired = "interaction_required"
    case loginRequired = "login_required"
    // RFC 9396 §5.
    case invalidAuthorizationDetails = "invalid_authorization_details"
    // OpenID CIBA Core 1.0 §13.
    case expiredLoginHintToken = "expired_login_hint_token"
    case invalidBindingMessage = "invalid_binding_message"
    case invalidUserCode = "invalid_user_code"
    case missingUserCode = "missing_user_code"
    case unknownUserID = "unknown_user_id"
    // RFC 9449 §5 and §8.
    case invalidProof = "invalid_dpop_proof"
    case useNonce = "use_dpop_nonce"

    /// Maps a provider's word to its code, trying the RFCs' words before the dialects.
    init?(word: String) {
        guard word.utf8.count <= 100, word.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        // An AWS error type may have a namespace before a '#'.
        let bare = word.split(separator: "#").last.map { DisplayText.clean($0).lowercased() } ?? ""
        if let code = ErrorCode(rawValue: bare) ?? Self.dialects[bare] {
            self = code
        } else if InvalidRefreshTokenWords.contain(bare) {
            self = .invalidGrant
        } else {
            return nil
        }
    }

    /// Provider-specific words, in lower case. To support another one, add a line with its source.
    ///
    /// Map a word to `invalid_grant` only if the provider documents it as the end of a refresh token: that code ends a
    /// login. See also `InvalidRefreshTokenWords`.
    private static let dialects: [String: ErrorCode] = [
        // Microsoft Entra, device authorization grant, expected errors; also OpenAM.
        "authorization_declined": .accessDenied,
        // Azure AD v1: ADAL's device code errors.
        "code_expired": .expiredToken,
        // Microsoft Entra, authorization code flow, error codes for token endpoint errors.
        "invalid_resource": .invalidTarget,
        // GitHub, authorizing OAuth apps, error codes for the device flow.
        "token_expired": .expiredToken,
        // GitHub, refreshing user access tokens; comes with status 200, like the next one.
        "bad_refresh_token": .invalidGrant,
        // GitHub, troubleshooting OAuth app access token request errors.
        "incorrect_client_credentials": .invalidClient,
        // Twitch, whose errors are `{"status":400,"message":"…"}`: refreshing access tokens, device code grant flow.
        "invalid refresh token": .invalidGrant,
        "invalid device code": .invalidGrant,
        "invalid client": .invalidClient,
        "invalid client secret": .invalidClient,
        // Auth0, multi-factor authentication with a refresh token.
        "mfa_required": .interactionRequired,
        // OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
        "unmet_authentication_requirements": .interactionRequired,
        // Google, OAuth for limited-input devices, "quota exceeded", which comes as `error_code`.
        "rate_limit_exceeded": .slowDown,
        // Auth0, rate limits of the Authentication API.
        "too_many_requests": .slowDown,
        // Facebook Login for Devices: `error_subcode` of an error object.
        "1349174": .authorizationPending,
        "1349172": .slowDown,
        "1349152": .expiredToken,
        // AWS IAM Identity Center (SSO OIDC), the error types of CreateToken.
        "authorizationpendingexception": .authorizationPending,
        "slowdownexception": .slowDown,
        "expiredtokenexception": .expiredToken,
        "accessdeniedexception": .accessDenied,
        "invalidgrantexception": .invalidGrant,
        "invalidclientexception": .invalidClient,
        "invalidrequestexception": .invalidRequest,
        "invalidscopeexception": .invalidScope,
        "unauthorizedclientexception": .unauthorizedClient,
        "unsupportedgranttypeexception": .unsupportedGrantType,
        "internalserverexception": .serverError,
    ]

    /// What the code means for the refresh token that was sent.
    enum Meaning {
        /// Temporary: neither the grant nor the client is at fault.
        case notNow
        /// The grant is invalid.
        case deadGrant
        /// The user has to act at the provider; the grant may still be valid.
        case needsPerson
        /// The client or its request is refused.
        case misconfigured
        /// Refused for any other reason.
        case refused
    }

    var meaning: Meaning {
        switch self {
        case .slowDown, .serverError, .temporarilyUnavailable: .notNow
        case .invalidGrant: .deadGrant
        case .accountSelectionRequired, .consentRequired, .interactionRequired, .loginRequired: .needsPerson
        case .invalidClient, .invalidRequest, .invalidScope, .unauthorizedClient, .unsupportedGrantType,
            .invalidTarget, .invalidAuthorizationDetails, .invalidProof, .useNonce:
            .misconfigured
        case .accessDenied, .authorizationPending, .expiredToken, .expiredLoginHintToken, .invalidBindingMessage,
            .invalidUserCode, .missingUserCode, .unknownUserID:
            .refused
        }
    }
}

extension ProviderError {
    /// `nil` if neither an RFC nor a dialect defines the code.
    var known: ErrorCode? { ErrorCode(word: code) }

    /// Whether the code, in reply to a refresh, is a synonym of `invalid_grant`.
    var saysDeadRefreshToken: Bool { meaning == .deadGrant || InvalidRefreshTokenWords.containAtRefresh(code) }

    /// Whether providers (Atlassian and others) also use the code for an invalid refresh token.
    public static func mayMeanDeadGrant(code: String) -> Bool {
        switch ErrorCode(word: code) {
        case .unauthorizedClient, .invalidRequest: true
        default: false
        }
    }

    /// Whether the client is unknown or failed to authenticate (RFC 6749 §5.2).
    public var refusesClient: Bool { known == .invalidClient }

    /// Whether the token or assertion that a request presents may be at fault: servers say so with either (RFC 6749 §5.2,
    /// RFC 8693 §2.2.2).
    public var mayBlameToken: Bool { known == .invalidGrant || known == .invalidRequest }

    /// The part of a token request that the server refuses, if neither the client nor the grant is at fault.
    public enum RefusedPart: Sendable {
        /// RFC 6749 §5.2.
        case scope
        /// RFC 8707 §2.
        case resource
        /// RFC 9396 §5.
        case details
    }

    public var refusedPart: RefusedPart? {
        switch known {
        case .invalidScope: .scope
        case .invalidTarget: .resource
        case .invalidAuthorizationDetails: .details
        default: nil
        }
    }

    var meaning: ErrorCode.Meaning { known?.meaning ?? .refused }
}
