/// The forms of a preset's requests. The names are those of an account file's keys.
public struct ProviderRequests: Codable, Equatable, Sendable {
    public var scopeParameter: String
    public var deviceGrantType: String
    public var deviceCodeParameter: String
    /// With the preset's parameters in braces.
    public var deviceParameters: [String: String]
    public var encoding: String
    /// Whether to use PKCE (RFC 7636); `nil` if only once the provider requires it.
    public var pkce: Bool?
    public var assertionAudience: String

    public init(
        scopeParameter: String, deviceGrantType: String, deviceCodeParameter: String,
        deviceParameters: [String: String], encoding: String, pkce: Bool?, assertionAudience: String
    ) {
        self.scopeParameter = scopeParameter
        self.deviceGrantType = deviceGrantType
        self.deviceCodeParameter = deviceCodeParameter
        self.deviceParameters = deviceParameters
        self.encoding = encoding
        self.pkce = pkce
        self.assertionAudience = assertionAudience
    }

    enum CodingKeys: String, CodingKey {
        case scopeParameter = "scope_parameter"
        case deviceGrantType = "device_grant_type"
        case deviceCodeParameter = "device_code_parameter"
        case deviceParameters = "device_parameters"
        case encoding = "request_encoding"
        case pkce
        case assertionAudience = "assertion_audience"
    }
}
