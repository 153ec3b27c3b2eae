/// What is known of logins by authorization code at a provider (RFC 8252).
public struct ProviderCodeFlow: Codable, Equatable, Sendable {
    /// Whether public clients may use it with a redirect URI on this machine; `nil` if that is not known.
    public var publicClients: Bool?
    /// The redirect URI to register for a client.
    public var redirectURI: String
    /// Whether a login may use another port than the registered one; `nil` if that is not known.
    public var variablePort: Bool?
    /// Parameters that each authorization request has; an account file may replace them.
    public var authorizationParameters: [String: String]

    public init(
        publicClients: Bool?, redirectURI: String, variablePort: Bool?, authorizationParameters: [String: String] = [:]
    ) {
        self.publicClients = publicClients
        self.redirectURI = redirectURI
        self.variablePort = variablePort
        self.authorizationParameters = authorizationParameters
    }

    enum CodingKeys: String, CodingKey {
        case publicClients = "public_clients"
        case redirectURI = "redirect_uri"
        case variablePort = "variable_port"
        case authorizationParameters = "authorization_parameters"
    }
}
