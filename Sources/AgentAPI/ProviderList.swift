/// The reply of `GET /v1/providers`: the presets for `--provider`.
public struct ProviderList: Codable, Equatable, Sendable {
    public var providers: [ProviderDescription]

    public init(providers: [ProviderDescription]) { self.providers = providers }
}

/// One preset, as people have to know it.
public struct ProviderDescription: Codable, Equatable, Sendable {
    public var name: String
    public var title: String
    public var parameters: [Parameter]
    /// With parameters in braces.
    public var issuer: String
    /// Asked for when a login names none.
    public var scopes: [String]
    /// The scope without which there is no refresh token.
    public var offlineScope: String?
    /// `none`, `required` or `per_client`.
    public var clientSecret: String
    /// Where a client id is registered.
    public var registration: String
    public var notes: String
    /// Names of values that nobody has confirmed.
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
        name: String, title: String, parameters: [Parameter], issuer: String, scopes: [String], offlineScope: String?,
        clientSecret: String, registration: String, notes: String, unverified: [String]
    ) {
        self.name = name
        self.title = title
        self.parameters = parameters
        self.issuer = issuer
        self.scopes = scopes
        self.offlineScope = offlineScope
        self.clientSecret = clientSecret
        self.registration = registration
        self.notes = notes
        self.unverified = unverified
    }

    enum CodingKeys: String, CodingKey {
        case name, title, parameters, issuer, scopes
        case offlineScope = "offline_scope"
        case clientSecret = "client_secret"
        case registration, notes, unverified
    }
}
