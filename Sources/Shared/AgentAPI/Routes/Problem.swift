/// The error reply to a request, as `application/problem+json` (RFC 9457).
///
/// `code` is stable, for programs; `detail` is the error for the user; `hint` is the remedy, usually a command.
public struct Problem: Error, Codable, Equatable, Sendable {
    public var code: Code
    public var detail: String
    public var hint: String?
    /// Why a login is required or a provider refused: `not_logged_in`, `provider_rejected`, `rotation_lost`, ….
    public var reason: String?
    /// In seconds, for `too_many_requests` if known. It is the reply's field `Retry-After`, and not in the body.
    public var retryAfter: Int?

    public init(
        _ code: Code, _ detail: String, hint: String? = nil, reason: String? = nil, retryAfter: Int? = nil
    ) {
        self.code = code
        self.detail = detail
        self.hint = hint
        self.reason = reason
        self.retryAfter = retryAfter
    }

    enum CodingKeys: String, CodingKey {
        case code, detail, hint, reason
    }

    public static let mediaType = "application/problem+json"
    /// The reason of `login_required` where another account needs the login, from whose token this one's is made.
    public static let subjectLoginRequired = "subject_login_required"

    public enum Code: String, Codable, CaseIterable, Sendable {
        case ambiguousAccount = "ambiguous_account"
        case badIDToken = "bad_id_token"
        case badRequest = "bad_request"
        case configurationError = "configuration_error"
        case forbidden
        case internalError = "internal_error"
        case locked
        case loginRequired = "login_required"
        case methodNotAllowed = "method_not_allowed"
        case noAccountForURL = "no_account_for_url"
        case noIDToken = "no_id_token"
        case notAcceptable = "not_acceptable"
        case notFound = "not_found"
        case providerChanged = "provider_changed"
        case providerRejected = "provider_rejected"
        case providerUnreachable = "provider_unreachable"
        case scopeNotGranted = "scope_not_granted"
        case storeLocked = "store_locked"
        case storeUnavailable = "store_unavailable"
        case timeout
        case tooLarge = "too_large"
        case tooManyRequests = "too_many_requests"
        case unknownAccount = "unknown_account"
        case unsupportedMediaType = "unsupported_media_type"
        case wrongPassphrase = "wrong_passphrase"
    }
}

extension Problem.Code {
    /// The HTTP status that carries this problem.
    public var httpStatus: Int {
        switch self {
        case .badRequest, .scopeNotGranted: 400
        case .loginRequired: 401
        case .forbidden, .wrongPassphrase: 403
        case .noAccountForURL, .noIDToken, .unknownAccount, .notFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .ambiguousAccount: 409
        case .tooLarge: 413
        case .unsupportedMediaType: 415
        case .locked, .storeLocked: 423
        case .tooManyRequests: 429
        case .configurationError, .internalError: 500
        case .badIDToken, .providerChanged, .providerRejected: 502
        case .providerUnreachable, .storeUnavailable: 503
        case .timeout: 504
        }
    }

    /// The exit code of a command that ends with this problem.
    public var exitCode: ExitCode {
        switch self {
        case .loginRequired: .loginRequired
        case .forbidden: .forbidden
        case .providerUnreachable, .timeout: .providerUnreachable
        case .locked, .storeLocked, .storeUnavailable, .wrongPassphrase: .storeUnavailable
        case .ambiguousAccount, .badIDToken, .badRequest, .configurationError, .internalError, .methodNotAllowed,
            .noAccountForURL, .noIDToken, .notAcceptable, .notFound, .providerChanged, .providerRejected,
            .scopeNotGranted, .tooLarge, .tooManyRequests, .unknownAccount, .unsupportedMediaType:
            .failed
        }
    }
}
