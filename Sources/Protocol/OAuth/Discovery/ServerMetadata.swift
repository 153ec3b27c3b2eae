internal import Formats

/// An authorization server's metadata (RFC 8414 §2, RFC 8628 §4), as far as the agent uses it.
public struct ServerMetadata: Sendable, Equatable {
    public var issuer: Issuer
    public var deviceAuthorizationEndpoint: EndpointURL?
    public var tokenEndpoint: EndpointURL?
    public var revocationEndpoint: EndpointURL?
    /// RFC 7662.
    public var introspectionEndpoint: EndpointURL?
    /// RFC 7591.
    public var registrationEndpoint: EndpointURL?
    /// The provider's `jwks_uri`.
    public var keysURL: EndpointURL?
    public var tokenIssuer: TokenIssuer
    /// `nil` if absent.
    public var tokenEndpointAuthMethods: [String]?
    /// The signing algorithms for client assertions; `nil` if absent.
    public var assertionAlgorithms: [String]?
    /// The endpoints for clients that authenticate with TLS (RFC 8705 §5).
    public var certificateEndpoints: ProviderEndpoints.Known
    /// Endpoints in the metadata that are unusable, by member name. They count as absent.
    public var refusedEndpoints: [String: URLRejection]
    /// The server's own time of the reply, in seconds since 1970; `nil` if unknown.
    public var date: Int?

    public init(
        issuer: Issuer, deviceAuthorizationEndpoint: EndpointURL? = nil, tokenEndpoint: EndpointURL? = nil,
        revocationEndpoint: EndpointURL? = nil, introspectionEndpoint: EndpointURL? = nil,
        registrationEndpoint: EndpointURL? = nil,
        keysURL: EndpointURL? = nil, tokenIssuer: TokenIssuer? = nil, tokenEndpointAuthMethods: [String]? = nil,
        assertionAlgorithms: [String]? = nil,
        certificateEndpoints: ProviderEndpoints.Known = ProviderEndpoints.Known(),
        refusedEndpoints: [String: URLRejection] = [:]
    ) {
        self.issuer = issuer
        self.deviceAuthorizationEndpoint = deviceAuthorizationEndpoint
        self.tokenEndpoint = tokenEndpoint
        self.revocationEndpoint = revocationEndpoint
        self.introspectionEndpoint = introspectionEndpoint
        self.registrationEndpoint = registrationEndpoint
        self.keysURL = keysURL
        self.tokenIssuer = tokenIssuer ?? .exact(issuer)
        self.tokenEndpointAuthMethods = tokenEndpointAuthMethods
        self.assertionAlgorithms = assertionAlgorithms
        self.certificateEndpoints = certificateEndpoints
        self.refusedEndpoints = refusedEndpoints
    }
}

extension ServerMetadata {
    /// Reads a metadata document; `nil` if it names no issuer.
    package init?(_ fields: ReplyFields, askedFor issuer: Issuer) throws(OAuthFailure) {
        guard case .string(let found)? = fields["issuer"] else { return nil }
        guard let tokenIssuer = TokenIssuer(metadata: found, askedFor: issuer) else {
            throw .issuerMismatch(expected: issuer.text, found: DisplayText.clean(found))
        }
        var refused: [String: URLRejection] = [:]
        func endpoint(_ name: String) -> EndpointURL? {
            guard let text = fields.text(name) else { return nil }
            do throws(URLRejection) { return try EndpointURL(parsing: text, namedBy: issuer) } catch {
                refused[name] = error
                return nil
            }
        }
        let device = endpoint("device_authorization_endpoint")
        let token = endpoint("token_endpoint")
        let revocation = endpoint("revocation_endpoint")
        let introspection = endpoint("introspection_endpoint")
        let registration = endpoint("registration_endpoint")
        let keys = endpoint("jwks_uri")
        self.init(
            issuer: issuer,
            deviceAuthorizationEndpoint: device,
            tokenEndpoint: token,
            revocationEndpoint: revocation,
            introspectionEndpoint: introspection,
            registrationEndpoint: registration,
            keysURL: keys,
            tokenIssuer: tokenIssuer,
            tokenEndpointAuthMethods: fields.words("token_endpoint_auth_methods_supported"),
            assertionAlgorithms: fields.words("token_endpoint_auth_signing_alg_values_supported"),
            certificateEndpoints: ProviderEndpoints.Known(aliases: fields["mtls_endpoint_aliases"], of: issuer),
            refusedEndpoints: refused
        )
    }
}

extension ProviderEndpoints.Known {
    /// Reads the endpoint aliases (RFC 8705 §5). An unusable one counts as absent, so that the general endpoint
    /// applies.
    fileprivate init(aliases: JSONValue?, of issuer: Issuer) {
        guard case .object(let members)? = aliases else {
            self.init()
            return
        }
        let fields = ReplyFields(members)
        func endpoint(_ name: String) -> EndpointURL? {
            fields.text(name).flatMap { try? EndpointURL(parsing: $0, namedBy: issuer) }
        }
        self.init(
            device: endpoint("device_authorization_endpoint"), token: endpoint("token_endpoint"),
            revocation: endpoint("revocation_endpoint"), introspection: endpoint("introspection_endpoint")
        )
    }
}
