public import OAuth

/// The known facts about a provider, from its documentation. Unconfirmed values are listed in `unverified`; the
/// provider's own metadata wins.
public struct ProviderPreset: Equatable, Sendable {
    /// The name for `--provider`.
    public var name: String
    public var title: String
    public var parameters: [Parameter] = []
    /// The issuer; like the endpoints, with parameters in braces.
    public var issuer: String
    /// Whether the issuer publishes metadata.
    public var hasMetadata = true
    public var deviceEndpoint: String?
    public var tokenEndpoint: String?
    public var revocationEndpoint: String?
    public var registrationEndpoint: String?
    /// The services of AWS that give credentials of roles.
    public var ssoPortal: String?
    public var sts: String?
    /// The authorization endpoint; shown to people, not used by the device grant.
    public var authorizationEndpoint: String?
    /// The default scopes.
    public var scopes: [String] = []
    /// The scope that is needed for a refresh token; in `scopes` if the client may choose.
    public var offlineScope: String?
    public var clientSecret = ClientSecret.perClient
    /// `nil` if the metadata decides.
    public var clientAuthentication: ClientAuthentication?
    /// The dialect; values of its device parameters may contain parameters in braces.
    public var dialect = RequestDialect()
    /// Whether a refresh invalidates earlier access tokens, including those with another target.
    public var refreshEndsTokens = false
    /// Whether replies omit `scope` if and only if the requested scope is granted.
    public var believesOmittedScope = false
    /// Where to register a client.
    public var registration: String
    /// What a user must know, in one or two sentences.
    public var notes: String
    /// Names of unconfirmed values, as `authagent providers` shows them.
    public var unverified: [String] = []

    public enum ClientSecret: String, Sendable {
        case none
        case required
        /// A client is public or confidential, as registered.
        case perClient = "per_client"
    }

    /// The names of all presets' parameters.
    static let parameterNames = Set(all.flatMap(\.parameters).map(\.name)).sorted()

    static func named(_ name: String) -> ProviderPreset? { all.first { $0.name == name } }
}
