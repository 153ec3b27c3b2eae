/// The settings that a login brings for its account, all optional. Only the agent's owner may send them: they decide
/// where the account's secrets are sent, and a login that succeeds writes them to the account file.
public struct LoginSettings: Codable, Equatable, Sendable {
    /// The name of a preset.
    public var provider: String?
    /// The preset's parameters by name: `host`, `realm`, `tenant`, `application`, `region`, `start_url`.
    public var providerParameters: [String: String]?
    public var issuer: String?
    public var clientID: String?
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
    /// Kept in the store, not in the account file.
    public var clientSecret: String?
    /// The client authentication method, with the account file's names.
    public var clientAuthentication: String?
    /// Absolute paths of files that the agent reads.
    public var clientKeyFile: String?
    public var clientCertificateFile: String?
    /// An assertion by which the client authenticates, minted by another program.
    public var clientAssertionFile: String?
    /// The audience of assertions that the agent signs, with the account file's names.
    public var assertionAudience: String?
    /// The assertion of a JWT bearer grant.
    public var assertionFile: String?
    /// On whose behalf the agent signs an assertion.
    public var assertionSubject: String?
    /// The token to exchange, in a file.
    public var subjectTokenFile: String?
    /// Which token is exchanged, with the account file's names.
    public var subjectToken: String?
    /// What an exchange is to issue, a name or URI of RFC 8693 §3.
    public var requestedTokenType: String?
    /// Whether to use PKCE (RFC 7636).
    public var pkce: Bool?
    /// The grant, with the account file's names; `nil` if the agent chooses.
    public var grant: String?
    public var authorizationEndpoint: String?
    /// Where the browser is sent after the approval; a loopback address without a port takes any port (RFC 8252 §7.3).
    public var redirectURI: String?
    /// Whether to push the authorization request (RFC 9126); `nil` if only where the provider offers it.
    public var par: Bool?
    /// More parameters of the authorization request, by name.
    public var authorizationParameters: [String: String]?
    /// A JSON array of objects (RFC 9396 §2).
    public var authorizationDetails: String?
    /// Who is to log in, as the provider knows the user (OpenID Connect Core 1.0 §3.1.2.1).
    public var loginHint: String?

    /// Creates settings; those that few logins bring are set afterwards.
    public init(
        provider: String? = nil, providerParameters: [String: String]? = nil, issuer: String? = nil,
        clientID: String? = nil, clientSecret: String? = nil, scopes: [String]? = nil, audience: String? = nil,
        resources: [String]? = nil, store: String? = nil
    ) {
        self.provider = provider
        self.providerParameters = providerParameters
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scopes = scopes
        self.audience = audience
        self.resources = resources
        self.store = store
    }

    /// The members of the request's body, most with the name of an account file's key.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case provider
        case providerParameters = "provider_parameters"
        case issuer
        case clientID = "client_id"
        case scopes, audience, resources
        case deviceEndpoint = "device_endpoint"
        case tokenEndpoint = "token_endpoint"
        case revocationEndpoint = "revocation_endpoint"
        case registrationEndpoint = "registration_endpoint"
        case store
        case clientSecret = "client_secret"
        case clientAuthentication = "client_auth"
        case clientKeyFile = "client_key_file"
        case clientCertificateFile = "client_certificate_file"
        case clientAssertionFile = "client_assertion_file"
        case assertionAudience = "assertion_audience"
        case assertionFile = "assertion_file"
        case assertionSubject = "assertion_subject"
        case subjectTokenFile = "subject_token_file"
        case subjectToken = "subject_token"
        case requestedTokenType = "requested_token_type"
        case pkce, grant
        case authorizationEndpoint = "authorization_endpoint"
        case redirectURI = "redirect_uri"
        case par
        case authorizationParameters = "authorization_parameters"
        case authorizationDetails = "authorization_details"
        case loginHint = "login_hint"
    }
}
