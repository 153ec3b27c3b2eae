/// One line of the login's event stream (`application/x-ndjson`), and of `authagent login --json`.
public enum LoginEvent: Equatable, Sendable {
    case prompt(LoginPrompt)
    /// The provider requested a longer interval, in seconds (RFC 8628 §3.5).
    case slowed(interval: Int)
    /// A poll failed without ending the login; reported once until `resumed`.
    case retrying(detail: String)
    /// The provider answers again after `retrying`, and the code is still valid.
    case resumed
    case done(LoginResult)
    case failed(LoginFailure)

    public static let mediaType = "application/x-ndjson"
}

/// The data that the user needs to approve the login: for the device grant code and address (RFC 8628 §3.3), for the
/// code grant the address to open, for CIBA what the phone shows too. It never holds a secret of the login.
public struct LoginPrompt: Codable, Equatable, Sendable {
    /// The grant; `nil` from an agent that knows the device grant only.
    public var grant: GrantKind?
    public var userCode: String?
    public var verificationURI: String?
    public var verificationURIComplete: String?
    /// Code grant: the address to open in a browser (RFC 6749 §4.1.1).
    public var authorizationURI: String?
    /// Code grant: an address of the login's own listener that redirects there, short enough to type.
    public var shortURI: String?
    /// Code grant: where the browser is sent afterwards. Its port is the listener's.
    public var redirectURI: String?
    /// CIBA: the words that the phone shows, too.
    public var bindingMessage: String?
    /// In seconds, from the time at which this event was sent.
    public var expiresIn: Int
    /// Seconds between two polls; `nil` for a grant without polls.
    public var interval: Int?
    /// Lines of half-block characters, if the request set `qr_code`.
    public var qrCode: [String]?
    /// With client and scope, lets the user recognise whether it is the login that they started.
    public var issuer: String?
    public var clientID: String?
    public var scope: String?
    /// A warning to the user before approval, such as that the clocks disagree.
    public var note: String?

    public init(
        grant: GrantKind? = nil, userCode: String? = nil, verificationURI: String? = nil,
        verificationURIComplete: String? = nil, expiresIn: Int, interval: Int? = nil, qrCode: [String]? = nil,
        issuer: String? = nil, clientID: String? = nil, scope: String? = nil, note: String? = nil
    ) {
        self.grant = grant
        self.userCode = userCode
        self.verificationURI = verificationURI
        self.verificationURIComplete = verificationURIComplete
        self.expiresIn = expiresIn
        self.interval = interval
        self.qrCode = qrCode
        self.issuer = issuer
        self.clientID = clientID
        self.scope = scope
        self.note = note
    }

    /// The address to open, with the code if the provider takes it there; `nil` if the prompt has none.
    public var address: String? { verificationURIComplete ?? verificationURI ?? authorizationURI }

    enum CodingKeys: String, CodingKey {
        case grant
        case userCode = "user_code"
        case verificationURI = "verification_uri"
        case verificationURIComplete = "verification_uri_complete"
        case authorizationURI = "authorization_uri"
        case shortURI = "short_uri"
        case redirectURI = "redirect_uri"
        case bindingMessage = "binding_message"
        case expiresIn = "expires_in"
        case interval
        case qrCode = "qr_code"
        case issuer
        case clientID = "client_id"
        case scope, note
    }
}

public struct LoginResult: Codable, Equatable, Sendable {
    public var account: AccountName
    public var subject: String?
    public var scope: String
    /// Seconds since 1970.
    public var expiresAt: Int?
    /// A warning about a completed login: it is not stored yet.
    public var note: String?
    /// True if the login is kept in memory beside the account's login, otherwise absent.
    public var elevated: Bool?
    /// The authentication context and the time of the authentication in seconds since 1970, from the verified ID token.
    public var acr: String?
    public var authTime: Int?
    /// The grant of an account without a person, a name of `MachineGrant`, whose request was tried; absent for a login.
    public var grant: String?
    /// What an exchange has issued, a name or URI of RFC 8693 §3; absent otherwise.
    public var issuedTokenType: String?

    public init(
        account: AccountName, subject: String? = nil, scope: String, expiresAt: Int? = nil, note: String? = nil,
        elevated: Bool? = nil, acr: String? = nil, authTime: Int? = nil
    ) {
        self.account = account
        self.subject = subject
        self.scope = scope
        self.expiresAt = expiresAt
        self.note = note
        self.elevated = elevated
        self.acr = acr
        self.authTime = authTime
    }

    enum CodingKeys: String, CodingKey {
        case account, subject, scope, note, elevated, acr, grant
        case issuedTokenType = "issued_token_type"
        case expiresAt = "expires_at"
        case authTime = "auth_time"
    }
}

public struct LoginFailure: Codable, Equatable, Sendable {
    /// The error code of the provider (`access_denied`, …) or of the agent (`provider_unreachable`, `timeout`, …).
    public var code: String
    public var detail: String
    public var hint: String

    public init(code: String, detail: String, hint: String) {
        self.code = code
        self.detail = detail
        self.hint = hint
    }
}

extension LoginEvent: Codable {
    private enum Kind: String, Codable { case prompt, slowed, retrying, resumed, done, failed }
    private enum CodingKeys: String, CodingKey { case event, interval, detail }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Kind.self, forKey: .event) {
        case .prompt: self = .prompt(try LoginPrompt(from: decoder))
        case .slowed: self = .slowed(interval: try container.decode(Int.self, forKey: .interval))
        case .retrying: self = .retrying(detail: try container.decode(String.self, forKey: .detail))
        case .resumed: self = .resumed
        case .done: self = .done(try LoginResult(from: decoder))
        case .failed: self = .failed(try LoginFailure(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .prompt(let prompt):
            try container.encode(Kind.prompt, forKey: .event)
            try prompt.encode(to: encoder)
        case .slowed(let interval):
            try container.encode(Kind.slowed, forKey: .event)
            try container.encode(interval, forKey: .interval)
        case .retrying(let detail):
            try container.encode(Kind.retrying, forKey: .event)
            try container.encode(detail, forKey: .detail)
        case .resumed: try container.encode(Kind.resumed, forKey: .event)
        case .done(let result):
            try container.encode(Kind.done, forKey: .event)
            try result.encode(to: encoder)
        case .failed(let failure):
            try container.encode(Kind.failed, forKey: .event)
            try failure.encode(to: encoder)
        }
    }
}
