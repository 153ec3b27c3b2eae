/// One account's endpoints: those configured, else those discovered, else those built in for the provider.
public struct ProviderEndpoints: Sendable, Equatable {
    /// `nil` if the provider has no device grant; an earlier login can still be refreshed.
    public let device: EndpointURL?
    public let token: EndpointURL
    public let revocation: EndpointURL?
    public let introspection: EndpointURL?
    /// The registration endpoint (RFC 7591).
    public let registration: EndpointURL?
    /// Where the user's browser begins a login by code (RFC 6749 §3.1).
    public let authorization: EndpointURL?
    /// RFC 9126 §5.
    public let pushedAuthorization: EndpointURL?
    /// OpenID CIBA Core 1.0 §4.
    public let backchannel: EndpointURL?

    /// Endpoints known without discovery.
    public struct Known: Sendable, Equatable {
        public var device: EndpointURL?
        public var token: EndpointURL?
        public var revocation: EndpointURL?
        public var registration: EndpointURL?
        public var introspection: EndpointURL?
        public var authorization: EndpointURL?
        public var pushedAuthorization: EndpointURL?
        public var backchannel: EndpointURL?

        public init(
            device: EndpointURL? = nil, token: EndpointURL? = nil, revocation: EndpointURL? = nil,
            registration: EndpointURL? = nil, introspection: EndpointURL? = nil, authorization: EndpointURL? = nil,
            pushedAuthorization: EndpointURL? = nil, backchannel: EndpointURL? = nil
        ) {
            self.device = device
            self.token = token
            self.revocation = revocation
            self.registration = registration
            self.introspection = introspection
            self.authorization = authorization
            self.pushedAuthorization = pushedAuthorization
            self.backchannel = backchannel
        }
    }

    /// Why endpoints of the metadata are refused, by member name.
    private let refused: [String: URLRejection]

    /// `showsCertificate`: the client authenticates with TLS, for which the metadata may name other endpoints.
    public init(
        metadata: ServerMetadata?, device: EndpointURL? = nil, token: EndpointURL? = nil,
        revocation: EndpointURL? = nil, registration: EndpointURL? = nil, authorization: EndpointURL? = nil,
        known: Known = Known(), showsCertificate: Bool = false
    ) throws(OAuthFailure) {
        let aliases = showsCertificate ? metadata?.certificateEndpoints : nil
        guard let token = token ?? aliases?.token ?? metadata?.tokenEndpoint ?? known.token else {
            let refusal = metadata?.refusedEndpoints["token_endpoint"]
            throw .noTokenEndpoint(
                detail: refusal.map { "the provider's token endpoint is refused: \($0)" }
                    ?? "the provider names no token endpoint"
            )
        }
        self.token = token
        self.device = device ?? aliases?.device ?? metadata?.deviceAuthorizationEndpoint ?? known.device
        self.revocation = revocation ?? aliases?.revocation ?? metadata?.revocationEndpoint ?? known.revocation
        introspection = aliases?.introspection ?? metadata?.introspectionEndpoint
        self.registration = registration ?? metadata?.registrationEndpoint ?? known.registration
        // A browser goes there, which shows no certificate of the client.
        self.authorization = authorization ?? metadata?.authorizationEndpoint ?? known.authorization
        pushedAuthorization =
            aliases?.pushedAuthorization ?? metadata?.pushedAuthorizationEndpoint ?? known.pushedAuthorization
        backchannel = aliases?.backchannel ?? metadata?.backchannelEndpoint ?? known.backchannel
        refused = metadata?.refusedEndpoints ?? [:]
    }
}

extension ProviderEndpoints {
    /// Returns the device authorization endpoint, which a login requires.
    public func requiredDevice() throws(OAuthFailure) -> EndpointURL {
        guard let device else {
            throw .deviceFlowUnsupported(
                detail: missing("device authorization endpoint", "device_authorization_endpoint"))
        }
        return device
    }

    /// Returns the authorization endpoint, which a login by code requires.
    public func requiredAuthorization() throws(OAuthFailure) -> EndpointURL {
        guard let authorization else {
            throw .codeFlowUnsupported(detail: missing("authorization endpoint", "authorization_endpoint"))
        }
        return authorization
    }

    /// Returns the backchannel authentication endpoint, which a login by CIBA requires.
    public func requiredBackchannel() throws(OAuthFailure) -> EndpointURL {
        guard let backchannel else {
            throw .backchannelUnsupported(
                detail: missing("backchannel authentication endpoint", "backchannel_authentication_endpoint"))
        }
        return backchannel
    }

    private func missing(_ endpoint: String, _ member: String) -> String {
        refused[member].map { "the provider's \(endpoint) is refused: \($0)" } ?? "the provider names no \(endpoint)"
    }
}
