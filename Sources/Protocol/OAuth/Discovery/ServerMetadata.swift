internal import Formats

/// An authorization server's metadata (RFC 8414 §2, RFC 8628 §4, RFC 9126 §5, RFC 9207 §3, RFC 9396 §10, OpenID CIBA
/// Core 1.0 §4), as far as the agent uses it.
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

    public var authorizationEndpoint: EndpointURL?
    public var pushedAuthorizationEndpoint: EndpointURL?
    /// Whether the provider takes pushed authorization requests only.
    public var requiresPushedAuthorization = false
    /// Whether authorization responses always have `iss`.
    public var sendsIssuer = false
    /// The members below are `nil` if absent.
    public var codeChallengeMethods: [String]?
    public var responseTypes: [String]?
    public var grantTypes: [String]?
    public var acrValues: [String]?
    /// RFC 9396 §10.
    public var detailTypes: [String]?

    public var backchannelEndpoint: EndpointURL?
    public var backchannelModes: [String]?
    /// Whether backchannel requests may have a user code.
    public var takesUserCode = false

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
        let authorization = endpoint("authorization_endpoint")
        let pushed = endpoint("pushed_authorization_request_endpoint")
        let backchannel = endpoint("backchannel_authentication_endpoint")
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
        authorizationEndpoint = authorization
        pushedAuthorizationEndpoint = pushed
        requiresPushedAuthorization = fields.flag("require_pushed_authorization_requests")
        sendsIssuer = fields.flag("authorization_response_iss_parameter_supported")
        codeChallengeMethods = fields.words("code_challenge_methods_supported")
        responseTypes = fields.list("response_types_supported")
        grantTypes = fields.list("grant_types_supported")
        acrValues = fields.list("acr_values_supported")
        detailTypes = fields.list("authorization_details_types_supported")
        backchannelEndpoint = backchannel
        backchannelModes = fields.words("backchannel_token_delivery_modes_supported")
        takesUserCode = fields.flag("backchannel_user_code_parameter_supported")
    }

    /// What the metadata says of PKCE's method `S256`.
    public enum ChallengeSupport: Sendable {
        case s256
        /// The metadata has no list: the provider may ignore the challenge (RFC 8414 §2).
        case unknown
        /// The list has no `S256`.
        case none
    }

    public var challengeSupport: ChallengeSupport {
        codeChallengeMethods.map { $0.contains("S256") ? .s256 : .none } ?? .unknown
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
            revocation: endpoint("revocation_endpoint"), introspection: endpoint("introspection_endpoint"),
            pushedAuthorization: endpoint("pushed_authorization_request_endpoint"),
            backchannel: endpoint("backchannel_authentication_endpoint")
        )
    }
}
