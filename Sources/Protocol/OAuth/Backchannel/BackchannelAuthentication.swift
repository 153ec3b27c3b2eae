internal import Formats
public import SecretMemory

/// The provider's answer that it asks the user (OpenID CIBA Core 1.0 §7.3).
public struct BackchannelAuthentication: Sendable {
    /// `auth_req_id`, for polls.
    public let id: SecretBytes
    /// Seconds.
    public let expiresIn: Int
    /// Seconds to wait before each poll.
    public let interval: Int

    public init(id: SecretBytes, expiresIn: Int, interval: Int = BackchannelAuthentication.defaultInterval) {
        self.id = id
        self.expiresIn = expiresIn
        self.interval = interval
    }

    /// OpenID CIBA Core 1.0 §7.3.
    public static let defaultInterval = 5
}

extension BackchannelAuthentication {
    /// `expires_in` is required; real servers send 2 to 10 minutes.
    private static let defaultLifetime = 120
    private static let maximumLifetime = 86_400

    package init(_ reply: ProviderReply) throws(OAuthFailure) {
        if let error = reply.error, reply.status < 500, error.known != nil || !reply.isTemporary {
            if error.meaning == .notNow { throw .transport(.unreachable(reply.summary)) }
            throw .provider(error)
        }
        if [404, 405, 501].contains(reply.status) {
            throw .backchannelUnsupported(detail: "there is no backchannel authentication endpoint: \(reply.summary)")
        }
        if reply.isTemporary { throw .transport(.unreachable(reply.summary)) }
        guard reply.isSuccess else { throw .badResponse(detail: reply.summary) }
        guard let fields = reply.body.fields else { throw .badResponse(detail: reply.content) }
        guard let id = TokenGrant.secret(fields["auth_req_id"], allowing: \.isVisible) else {
            throw .badResponse(detail: "the server sends no usable auth_req_id")
        }
        self.init(
            id: id,
            expiresIn: fields.seconds("expires_in", atMost: Self.maximumLifetime) ?? Self.defaultLifetime,
            interval: fields.pollingInterval ?? Self.defaultInterval)
    }
}

/// Why a provider does not ask the user (OpenID CIBA Core 1.0 §13), where the reason has a remedy of its own.
public enum BackchannelRefusal: String, CaseIterable, Sendable {
    case unknownUser = "unknown_user_id"
    case expiredHint = "expired_login_hint_token"
    case missingUserCode = "missing_user_code"
    case invalidUserCode = "invalid_user_code"
    case invalidBindingMessage = "invalid_binding_message"
    case unauthorizedClient = "unauthorized_client"
    case denied = "access_denied"

    /// A sentence for the user.
    public var problem: String {
        switch self {
        case .unknownUser: "the provider does not know the user of the login hint"
        case .expiredHint: "the login hint token has expired"
        case .missingUserCode: "the provider requires the user's own code for such logins"
        case .invalidUserCode: "the user code is wrong"
        case .invalidBindingMessage: "the provider does not accept the binding message"
        case .unauthorizedClient: "the provider does not allow the client to use CIBA"
        case .denied: "the provider declined the request"
        }
    }

    /// What to do, for the user.
    public var hint: String {
        switch self {
        case .unknownUser: "give --login-hint as the provider documents it, such as an email address or a user name"
        case .expiredHint: "get a new login hint token from the service that issued it"
        case .missingUserCode, .invalidUserCode: "give --user-code, and enter the code that you chose at the provider"
        case .invalidBindingMessage: "log in with --code or --device, and report the provider's limits"
        case .unauthorizedClient: "allow CIBA with the poll mode for this client, which needs a secret or a key"
        case .denied: "ask the provider's administrator which users may log in this way"
        }
    }
}

extension ProviderError {
    /// The reason why a backchannel request was refused; `nil` for an error without a remedy of its own.
    public var backchannelRefusal: BackchannelRefusal? { known.flatMap { BackchannelRefusal(rawValue: $0.rawValue) } }
}

extension ServerMetadata {
    /// Whether clients may poll for the result of a backchannel request; unknown counts as yes.
    public var allowsPolling: Bool { backchannelModes?.contains("poll") ?? true }
}
