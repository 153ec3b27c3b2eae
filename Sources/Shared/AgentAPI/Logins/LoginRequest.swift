/// The body of `POST /v1/accounts/{account}/login`. Every member is optional: the account file supplies absent ones, so
/// an empty body repeats an earlier login, or joins the pending one.
public struct LoginRequest: Codable, Equatable, Sendable {
    /// The name of a preset.
    public var provider: String?
    /// The preset's parameters by name: `host`, `realm`, `tenant`, `application`, `region`, `start_url`.
    public var providerParameters: [String: String]?
    public var issuer: String?
    public var clientID: String?
    public var clientSecret: String?
    /// The client authentication method, with the account file's names.
    public var clientAuthentication: String?
    /// Absolute paths of files that the agent reads.
    public var clientKeyFile: String?
    public var clientCertificateFile: String?
    /// Whether to use PKCE (RFC 7636).
    public var pkce: Bool?
    /// The initial access token for a registration (RFC 7591 §1.2). It is not a setting of the account, and not stored.
    public var registrationToken: String?
    public var scopes: [String]?
    /// The audience of the login's tokens, for providers that require it at the login.
    public var audience: String?
    /// The resources of the login's tokens, as absolute URIs (RFC 8707 §2).
    public var resources: [String]?
    public var deviceEndpoint: String?
    public var tokenEndpoint: String?
    public var revocationEndpoint: String?
    public var registrationEndpoint: String?
    public var store: String?
    /// Seconds after which the agent cancels the login.
    public var timeout: Int?
    /// Requests `qr_code` in the prompt. It is not a setting of the account.
    public var qrCode: Bool?

    public init(
        provider: String? = nil, providerParameters: [String: String]? = nil, issuer: String? = nil,
        clientID: String? = nil, clientSecret: String? = nil, registrationToken: String? = nil,
        scopes: [String]? = nil,
        deviceEndpoint: String? = nil, tokenEndpoint: String? = nil, revocationEndpoint: String? = nil,
        registrationEndpoint: String? = nil,
        store: String? = nil, timeout: Int? = nil, qrCode: Bool? = nil, clientAuthentication: String? = nil,
        clientKeyFile: String? = nil, clientCertificateFile: String? = nil, pkce: Bool? = nil,
        audience: String? = nil, resources: [String]? = nil
    ) {
        self.provider = provider
        self.providerParameters = providerParameters
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.registrationToken = registrationToken
        self.scopes = scopes
        self.deviceEndpoint = deviceEndpoint
        self.tokenEndpoint = tokenEndpoint
        self.revocationEndpoint = revocationEndpoint
        self.registrationEndpoint = registrationEndpoint
        self.store = store
        self.timeout = timeout
        self.qrCode = qrCode
        self.clientAuthentication = clientAuthentication
        self.clientKeyFile = clientKeyFile
        self.clientCertificateFile = clientCertificateFile
        self.pkce = pkce
        self.audience = audience
        self.resources = resources
    }

    /// Whether this request has settings, so that it can join only a pending login with the same ones.
    public var hasSettings: Bool {
        provider != nil || providerParameters != nil || issuer != nil || clientID != nil || clientSecret != nil
            || scopes != nil || deviceEndpoint != nil
            || tokenEndpoint != nil || revocationEndpoint != nil || registrationEndpoint != nil || store != nil
            || clientAuthentication != nil || clientKeyFile != nil || clientCertificateFile != nil || pkce != nil
            || audience != nil || resources != nil
    }

    /// Whether the request asks for a login that differs from the account's settings.
    public var bringsSettings: Bool { hasSettings || registrationToken != nil }

    enum CodingKeys: String, CodingKey {
        case provider
        case providerParameters = "provider_parameters"
        case issuer
        case clientID = "client_id"
        case clientSecret = "client_secret"
        case clientAuthentication = "client_auth"
        case clientKeyFile = "client_key_file"
        case clientCertificateFile = "client_certificate_file"
        case pkce
        case registrationToken = "registration_token"
        case scopes, audience, resources
        case deviceEndpoint = "device_endpoint"
        case tokenEndpoint = "token_endpoint"
        case revocationEndpoint = "revocation_endpoint"
        case registrationEndpoint = "registration_endpoint"
        case store, timeout
        case qrCode = "qr_code"
    }
}
