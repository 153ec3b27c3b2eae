internal import Formats

/// What an authorization server says about itself (RFC 8414 §2, RFC 8628 §4), as far as this agent uses it.
public struct ServerMetadata: Sendable, Equatable {
    public var issuer: Issuer
    public var deviceAuthorizationEndpoint: EndpointURL?
    public var tokenEndpoint: EndpointURL?
    public var revocationEndpoint: EndpointURL?
    /// RFC 7662.
    public var introspectionEndpoint: EndpointURL?
    /// RFC 7591.
    public var registrationEndpoint: EndpointURL?
    /// Where the keys are that the provider signs its tokens with.
    public var keysURL: EndpointURL?
    public var tokenIssuer: TokenIssuer
    /// Nil: not said.
    public var tokenEndpointAuthMethods: [String]?
    /// The algorithms that assertions may be signed with; nil: not said.
    public var assertionAlgorithms: [String]?
    /// Where clients go that show a certificate, if that is elsewhere (RFC 8705 §5).
    public var certificateEndpoints: ProviderEndpoints.Known
    /// Endpoints that are named but cannot be used, by their member's name: they count as absent.
    public var refusedEndpoints: [String: URLRejection]
    /// When the server sent this by its own clock, in seconds since 1970; `nil` if it does not say.
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
    /// Reads a metadata document. Nil if it is none, which is to say that it names no issuer.
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
    /// RFC 8705 §5. What cannot be used counts as absent: the endpoint of everybody else's then does.
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
