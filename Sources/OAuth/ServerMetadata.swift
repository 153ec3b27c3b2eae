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
    /// Endpoints that are named but cannot be used, by their member's name: they count as absent.
    public var refusedEndpoints: [String: URLRejection]

    public init(
        issuer: Issuer, deviceAuthorizationEndpoint: EndpointURL? = nil, tokenEndpoint: EndpointURL? = nil,
        revocationEndpoint: EndpointURL? = nil, introspectionEndpoint: EndpointURL? = nil,
        registrationEndpoint: EndpointURL? = nil,
        keysURL: EndpointURL? = nil, tokenIssuer: TokenIssuer? = nil, tokenEndpointAuthMethods: [String]? = nil,
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
            do throws(URLRejection) { return try EndpointURL(parsing: text) } catch {
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
            refusedEndpoints: refused
        )
    }
}
