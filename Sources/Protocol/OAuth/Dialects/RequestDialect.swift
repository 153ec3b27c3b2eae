/// A provider's deviations from RFC 8628 §3.1 and §3.4, as data.
public struct RequestDialect: Hashable, Sendable {
    /// The name of the parameter that RFC 6749 §3.3 calls `scope`.
    public var scopeParameter = "scope"
    /// The grant type of a poll.
    public var deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"
    /// The parameter of a poll that RFC 8628 §3.4 calls `device_code`.
    public var deviceCodeParameter = "device_code"
    /// Extra parameters of the device authorization request, such as an audience.
    public var deviceParameters: [String: String] = [:]
    public var proofKey = ProofKey.Use.whenAsked
    public var assertionAudience = AssertionAudience.tokenEndpoint

    public var encoding = RequestEncoding.form

    public init() {}

    /// Parameters that the requests set themselves; a dialect must not override them.
    public static let reservedParameters: Set<String> = [
        "client_id", "client_secret", "client_assertion", "client_assertion_type", "code", "code_challenge",
        "code_challenge_method", "code_verifier", "device_code", "grant_type", "refresh_token", "scope", "token",
    ]

    /// Whether the name, in snake or camel case, is a reserved parameter.
    public static func isReserved(_ name: String) -> Bool {
        let written = CamelCaseJSON.name(name)
        return reservedParameters.contains { CamelCaseJSON.name($0) == written }
    }
}
