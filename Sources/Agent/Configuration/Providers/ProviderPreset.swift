public import OAuth

/// What is known of a provider, as data. The values are facts with a source; those that nobody has confirmed are named
/// in `unverified`, and what a provider's own metadata says wins over them.
public struct ProviderPreset: Equatable, Sendable {
    /// The word for `--provider`.
    public var name: String
    public var title: String
    public var parameters: [Parameter] = []
    /// With parameters in braces, as are the endpoints.
    public var issuer: String
    /// Whether the issuer publishes metadata.
    public var hasMetadata = true
    public var deviceEndpoint: String?
    public var tokenEndpoint: String?
    public var revocationEndpoint: String?
    public var registrationEndpoint: String?
    /// Where a browser begins a login; shown, and not used by the device grant.
    public var authorizationEndpoint: String?
    /// Asked for when nobody says which.
    public var scopes: [String] = []
    /// The scope without which there is no refresh token; part of `scopes` where those are ours to choose.
    public var offlineScope: String?
    public var clientSecret = ClientSecret.perClient
    /// Nil: from the metadata.
    public var clientAuthentication: ClientAuthentication?
    /// With parameters in the values of its device parameters.
    public var dialect = RequestDialect()
    /// Whether a refresh ends the access tokens that came before it, also those for another scope or resource.
    public var refreshEndsTokens = false
    /// Whether it leaves `scope` out of its replies where it grants what was requested, and only there.
    public var believesOmittedScope = false
    /// Where a client id is registered.
    public var registration: String
    /// What people have to know; one or two sentences.
    public var notes: String
    /// Names of values above that are not confirmed, as `authagent providers` shows them.
    public var unverified: [String] = []

    public enum ClientSecret: String, Sendable {
        case none
        case required
        /// The provider's client is public or confidential, as it was registered.
        case perClient = "per_client"
    }

    /// The names that parameters of any preset have.
    static let parameterNames = Set(all.flatMap(\.parameters).map(\.name)).sorted()

    static func named(_ name: String) -> ProviderPreset? { all.first { $0.name == name } }
}
