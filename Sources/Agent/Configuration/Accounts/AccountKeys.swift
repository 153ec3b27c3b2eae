public import AgentAPI
public import OAuth

/// The keys of an account file; `nil` if the preset or the default applies.
public struct AccountKeys: Equatable, Sendable {
    public var provider: ProviderChoice?
    public var issuer: Issuer?
    public var clientID: String?
    public var scopes: [String]?
    /// The audience of the login's tokens, sent at the login and at each renewal of its own token.
    public var audience: String?
    /// The resources of the login's tokens, as absolute URIs (RFC 8707 §2).
    public var resources: [String]?
    public var store: StoreKind?
    /// How the account gets its tokens; `nil` for a login whose grant the provider's offer decides.
    public var accountGrant: AccountGrant?
    /// The redirect URI that is registered for the client. Without a port, each login takes a free one.
    public var redirectURI: RedirectURI?
    /// Whether authorization requests are pushed (RFC 9126); `nil`: where the provider offers that.
    public var par: Bool?
    /// Who is to log in, as the provider names the user (OpenID Connect Core 1.0 §3.1.2.1).
    public var loginHint: String?
    /// More parameters of authorization requests.
    public var authorizationParameters: [String: String]?
    public var authorizationEndpoint: EndpointURL?
    public var deviceEndpoint: EndpointURL?
    public var tokenEndpoint: EndpointURL?
    public var revocationEndpoint: EndpointURL?
    public var registrationEndpoint: EndpointURL?
    /// The access portal of AWS IAM Identity Center, without the path of an operation.
    public var ssoPortal: EndpointURL?
    /// AWS STS.
    public var sts: EndpointURL?
    public var clientAuthentication: ClientAuthentication?
    /// The absolute path of a file with the client's secret.
    public var clientSecretFile: String?
    public var keepAlive: Duration?
    public var lockAfter: Duration?
    public var lifetime: Duration?
    public var warnBefore: Duration?
    /// The only accepted subject (`sub` of OpenID Connect); `nil` if any subject is accepted.
    public var expectedSubject: String?
    public var scopeParameter: String?
    public var deviceGrantType: String?
    public var deviceCodeParameter: String?
    public var deviceParameters: [String: String]?
    public var requestEncoding: RequestEncoding?
    /// The absolute path of a file with the client's private key.
    public var clientKeyFile: String?
    /// The absolute path of a file with the certificate for the key.
    public var clientCertificateFile: String?
    public var assertionAudience: AssertionAudience?
    /// The absolute path of a file with an assertion by which the client authenticates.
    public var clientAssertionFile: String?
    /// The absolute path of a file with the assertion of a JWT bearer grant.
    public var assertionFile: String?
    /// The account whose token is the assertion of a JWT bearer grant.
    public var assertionAccount: AccountName?
    /// On whose behalf the agent signs an assertion; `nil` for the client itself.
    public var assertionSubject: String?
    /// The account whose token is exchanged.
    public var subjectAccount: AccountName?
    /// The absolute path of a file with the token that is exchanged.
    public var subjectTokenFile: String?
    public var subjectToken: SubjectTokenKind?
    /// `nil` if the provider chooses.
    public var requestedTokenType: TokenTypeIdentifier?
    /// The account whose token says who acts in an exchange.
    public var actorAccount: AccountName?
    /// Whether a refresh invalidates earlier access tokens.
    public var refreshEndsTokens: Bool?
    /// Whether rules treat a reply without `scope` as granting the requested scope (RFC 6749 §5.1).
    public var believeOmittedScope: Bool?
    /// Whether the device grant uses PKCE (RFC 7636); `nil`: when the provider requires it. The code grant always does;
    /// `true` then means that the provider must say that it supports PKCE.
    public var pkce: Bool?
    /// The services that take the account's tokens.
    public var urls: [ServiceURL]?
    /// The user name that git sends beside the token.
    public var gitUsername: String?
    /// The user name that container programs send beside the token.
    public var registryUsername: String?
    /// How the agent itself renews a login that has ended; `nil` if it does not.
    public var renew: RenewalKind?
    /// What each login requests beside scopes (RFC 9396).
    public var authorizationDetails: AuthorizationDetails?

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
