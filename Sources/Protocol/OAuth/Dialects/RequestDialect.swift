/// How a provider's requests differ from RFC 8628 §3.1 and §3.4, as data: most providers are all standard.
public struct RequestDialect: Hashable, Sendable {
    /// The name of the parameter that RFC 6749 §3.3 calls `scope`.
    public var scopeParameter = "scope"
    /// The grant type of a poll.
    public var deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"
    /// The parameter of a poll that RFC 8628 §3.4 calls `device_code`.
    public var deviceCodeParameter = "device_code"
    /// Sent along with the device authorization request: an audience, for example.
    public var deviceParameters: [String: String] = [:]
    public var proofKey = ProofKey.Use.whenAsked
    public var assertionAudience = AssertionAudience.tokenEndpoint

    public var encoding = RequestEncoding.form

    public init() {}

    /// The members of the requests themselves: parameters of these names would speak for the client.
    public static let reservedParameters: Set<String> = [
        "client_id", "client_secret", "client_assertion", "client_assertion_type", "code", "code_challenge",
        "code_challenge_method", "code_verifier", "device_code", "grant_type", "refresh_token", "scope", "token",
    ]

    /// Whether a parameter of this name would be one of those, in whatever way it is written.
    public static func isReserved(_ name: String) -> Bool {
        let written = CamelCaseJSON.name(name)
        return reservedParameters.contains { CamelCaseJSON.name($0) == written }
    }
}
