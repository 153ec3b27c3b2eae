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
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            settings: try LoginSettings(from: decoder),
            registrationToken: try container.decodeIfPresent(String.self, forKey: .registrationToken),
            timeout: try container.decodeIfPresent(Int.self, forKey: .timeout),
            qrCode: try container.decodeIfPresent(Bool.self, forKey: .qrCode)
        )
    }

    public func encode(to encoder: any Encoder) throws {
        try settings?.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(registrationToken, forKey: .registrationToken)
        try container.encodeIfPresent(timeout, forKey: .timeout)
        try container.encodeIfPresent(qrCode, forKey: .qrCode)
    }
}
