public import OAuth

/// What an account file says, key by key; nil for what it leaves to the provider's preset or to the default.
public struct AccountKeys: Equatable, Sendable {
    public var provider: ProviderChoice?
    public var issuer: Issuer?
    public var clientID: String?
    public var scopes: [String]?
    /// Where the login's tokens are to be used, asked for at the login and at each renewal of its own token.
    public var audience: String?
    /// The same as absolute URIs (RFC 8707 §2).
    public var resources: [String]?
    public var store: StoreKind?
    public var deviceEndpoint: EndpointURL?
    public var tokenEndpoint: EndpointURL?
    public var revocationEndpoint: EndpointURL?
    public var registrationEndpoint: EndpointURL?
    public var clientAuthentication: ClientAuthentication?
    /// Absolute path of a file with the client's secret.
    public var clientSecretFile: String?
    public var keepAlive: Duration?
    public var lockAfter: Duration?
    public var lifetime: Duration?
    /// The only subject whose login is accepted (`sub` of OpenID Connect); nil: whoever approves.
    public var expectedSubject: String?
    public var scopeParameter: String?
    public var deviceGrantType: String?
    public var deviceCodeParameter: String?
    public var deviceParameters: [String: String]?
    public var requestEncoding: RequestEncoding?
    /// Absolute path of a file with the client's private key.
    public var clientKeyFile: String?
    /// Absolute path of a file with the certificate that belongs to the key.
    public var clientCertificateFile: String?
    public var assertionAudience: AssertionAudience?
    /// Whether a refresh ends the access tokens that came before it.
    public var refreshEndsTokens: Bool?
    /// Whether a reply without `scope` is taken to grant what was requested (RFC 6749 §5.1) where rules bound scopes.
    public var believeOmittedScope: Bool?
    /// Nil: once the provider asks for it (RFC 7636).
    public var pkce: Bool?

    public init(
        provider: ProviderChoice? = nil, issuer: Issuer? = nil, clientID: String? = nil, scopes: [String]? = nil,
        store: StoreKind? = nil, deviceEndpoint: EndpointURL? = nil, tokenEndpoint: EndpointURL? = nil,
        revocationEndpoint: EndpointURL? = nil, clientAuthentication: ClientAuthentication? = nil,
        clientSecretFile: String? = nil, keepAlive: Duration? = nil, expectedSubject: String? = nil
    ) {
        self.provider = provider
        self.issuer = issuer
        self.clientID = clientID
        self.scopes = scopes
        self.store = store
        self.deviceEndpoint = deviceEndpoint
        self.tokenEndpoint = tokenEndpoint
        self.revocationEndpoint = revocationEndpoint
        self.clientAuthentication = clientAuthentication
        self.clientSecretFile = clientSecretFile
        self.keepAlive = keepAlive
        self.expectedSubject = expectedSubject
    }
}
