/// The reply of `GET /v1/providers`: the presets for `--provider`.
public struct ProviderList: Codable, Equatable, Sendable {
    public var providers: [ProviderDescription]

    public init(providers: [ProviderDescription]) { self.providers = providers }
}

/// The description of one preset.
public struct ProviderDescription: Codable, Equatable, Sendable {
    public var name: String
    public var title: String
    public var parameters: [Parameter]
    /// With parameters in braces, like the endpoints.
    public var issuer: String
    /// Whether the issuer publishes metadata, which overrides the endpoints here.
    public var metadata: Bool
    public var endpoints: ProviderEndpointList
    /// The scopes of a login that names none.
    public var scopes: [String]
    /// The scope needed for a refresh token.
    public var offlineScope: String?
    /// `none`, `required` or `per_client`.
    public var clientSecret: String
    /// The client authentication method; `nil` if it is chosen from the metadata and the client's credentials.
    public var clientAuthentication: String?
    public var requests: ProviderRequests
    /// Logins by authorization code; `nil` if nothing is known of them.
    public var codeFlow: ProviderCodeFlow?
    /// Whether a refresh invalidates earlier access tokens.
    public var refreshEndsTokens: Bool
    /// Whether a reply without `scope` counts as granting the requested scopes if rules bound them.
    public var believesOmittedScope: Bool
    /// The place where a client is registered.
    public var registration: String
    public var notes: String
    /// Names of members, also of `endpoints` and `requests`, whose values were never confirmed with the provider.
    public var unverified: [String]

    public struct Parameter: Codable, Equatable, Sendable {
        public var name: String
        public var meaning: String
        public var standard: String?

        public init(name: String, meaning: String, standard: String? = nil) {
            self.name = name
            self.meaning = meaning
            self.standard = standard
        }

        enum CodingKeys: String, CodingKey {
            case name, meaning
            case standard = "default"
        }
    }

    public init(
        name: String, title: String, parameters: [Parameter], issuer: String, metadata: Bool,
        endpoints: ProviderEndpointList, scopes: [String], offlineScope: String?, clientSecret: String,
        clientAuthentication: String?, requests: ProviderRequests, codeFlow: ProviderCodeFlow?, refreshEndsTokens: Bool,
        believesOmittedScope: Bool, registration: String, notes: String, unverified: [String]
    ) {
        self.name = name
        self.title = title
        self.parameters = parameters
        self.issuer = issuer
        self.metadata = metadata
        self.endpoints = endpoints
        self.scopes = scopes
        self.offlineScope = offlineScope
        self.clientSecret = clientSecret
        self.clientAuthentication = clientAuthentication
        self.requests = requests
        self.codeFlow = codeFlow
        self.refreshEndsTokens = refreshEndsTokens
        self.believesOmittedScope = believesOmittedScope
        self.registration = registration
        self.notes = notes
        self.unverified = unverified
    }

    enum CodingKeys: String, CodingKey {
        case name, title, parameters, issuer, metadata, endpoints, scopes
        case offlineScope = "offline_scope"
        case clientSecret = "client_secret"
        case clientAuthentication = "client_auth"
        case requests
        case codeFlow = "code_flow"
        case refreshEndsTokens = "refresh_ends_tokens"
        case believesOmittedScope = "believe_omitted_scope"
        case registration, notes, unverified
    }
}
