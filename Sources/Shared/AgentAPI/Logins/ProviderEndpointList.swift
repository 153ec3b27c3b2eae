/// The endpoints of a preset, with its parameters in braces; `nil` if an endpoint is only in the provider's metadata or
/// does not exist. The names are those of an account file's keys.
public struct ProviderEndpointList: Codable, Equatable, Sendable {
    public var device: String?
    public var token: String?
    public var revocation: String?
    public var registration: String?
    public var authorization: String?

    public init(
        device: String?, token: String?, revocation: String?, registration: String?, authorization: String? = nil
    ) {
        self.device = device
        self.token = token
        self.revocation = revocation
        self.registration = registration
        self.authorization = authorization
    }

    enum CodingKeys: String, CodingKey {
        case device = "device_endpoint"
        case token = "token_endpoint"
        case revocation = "revocation_endpoint"
        case registration = "registration_endpoint"
        case authorization = "authorization_endpoint"
    }
}
