/// The body of `POST /v1/accounts/{account}/login`. Every member is optional: the account file supplies absent ones, so
/// an empty body repeats an earlier login, or joins the pending one.
public struct LoginRequest: Equatable, Sendable {
    /// The settings, whose members are members of the body; `nil` if it has none. With settings, the request can join
    /// only a pending login with the same ones.
    public var settings: LoginSettings? {
        didSet { settings = Self.given(settings) }
    }
    /// The initial access token for a registration (RFC 7591 §1.2). It is not a setting of the account, and not stored.
    public var registrationToken: String?
    /// Seconds after which the agent cancels the login.
    public var timeout: Int?
    /// Requests `qr_code` in the prompt.
    public var qrCode: Bool?
    /// The authentication contexts of which this login must have one, in order of preference (OpenID Connect Core 1.0
    /// §3.1.2.1); not kept for later logins.
    public var acrValues: [String]?
    /// The longest time in seconds since the user authenticated (OpenID Connect Core 1.0 §3.1.2.1).
    public var maxAge: Int?
    /// Whether the login is kept in memory beside the account's login, for requests with `acr`.
    public var elevate: Bool?
    /// The parameter `claims` of a challenge, as JSON text (OpenID Connect Core 1.0 §5.5).
    public var claims: String?
    /// The secret by which a provider of CIBA knows that the user has asked for the question on the phone (OpenID
    /// Connect CIBA Core 1.0 §7.1); not stored.
    public var userCode: String?

    public init(
        settings: LoginSettings? = nil, registrationToken: String? = nil, timeout: Int? = nil, qrCode: Bool? = nil
    ) {
        self.settings = Self.given(settings)
        self.registrationToken = registrationToken
        self.timeout = timeout
        self.qrCode = qrCode
    }

    private static func given(_ settings: LoginSettings?) -> LoginSettings? {
        settings == LoginSettings() ? nil : settings
    }

    /// The part of the request that is for every caller who may log in. The rest is for the agent's owner only.
    public var withoutSettings: LoginRequest { LoginRequest(timeout: timeout, qrCode: qrCode) }
}

extension LoginRequest: Codable {
    /// The members besides the settings.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case registrationToken = "registration_token"
        case timeout
        case qrCode = "qr_code"
        case acrValues = "acr_values"
        case maxAge = "max_age"
        case elevate, claims
        case userCode = "user_code"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            settings: try LoginSettings(from: decoder),
            registrationToken: try container.decodeIfPresent(String.self, forKey: .registrationToken),
            timeout: try container.decodeIfPresent(Int.self, forKey: .timeout),
            qrCode: try container.decodeIfPresent(Bool.self, forKey: .qrCode)
        )
        acrValues = try container.decodeIfPresent([String].self, forKey: .acrValues)
        maxAge = try container.decodeIfPresent(Int.self, forKey: .maxAge)
        elevate = try container.decodeIfPresent(Bool.self, forKey: .elevate)
        claims = try container.decodeIfPresent(String.self, forKey: .claims)
        userCode = try container.decodeIfPresent(String.self, forKey: .userCode)
    }

    public func encode(to encoder: any Encoder) throws {
        try settings?.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(registrationToken, forKey: .registrationToken)
        try container.encodeIfPresent(timeout, forKey: .timeout)
        try container.encodeIfPresent(qrCode, forKey: .qrCode)
        try container.encodeIfPresent(acrValues, forKey: .acrValues)
        try container.encodeIfPresent(maxAge, forKey: .maxAge)
        try container.encodeIfPresent(elevate, forKey: .elevate)
        try container.encodeIfPresent(claims, forKey: .claims)
        try container.encodeIfPresent(userCode, forKey: .userCode)
    }
}
