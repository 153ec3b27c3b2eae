/// One account's endpoints: those configured, else those discovered, else those built in for the provider.
public struct ProviderEndpoints: Sendable, Equatable {
    /// `nil` if the provider has no device grant; an earlier login can still be refreshed.
    public let device: EndpointURL?
    public let token: EndpointURL
    public let revocation: EndpointURL?
    public let introspection: EndpointURL?
    /// The registration endpoint (RFC 7591).
    public let registration: EndpointURL?
    /// Endpoints known without discovery.
    public struct Known: Sendable, Equatable {
        public var device: EndpointURL?
        public var token: EndpointURL?
        public var revocation: EndpointURL?
        public var registration: EndpointURL?
        public var introspection: EndpointURL?

        public init(
            device: EndpointURL? = nil, token: EndpointURL? = nil, revocation: EndpointURL? = nil,
            registration: EndpointURL? = nil, introspection: EndpointURL? = nil
        ) {
            self.device = device
            self.token = token
            self.revocation = revocation
            self.registration = registration
            self.introspection = introspection
        }
    }

    /// Why the metadata's device endpoint is refused; `nil` if it is usable or absent.
    let refusedDevice: URLRejection?

    /// `showsCertificate`: the client authenticates with TLS, for which the metadata may name other endpoints.
    public init(
        metadata: ServerMetadata?, device: EndpointURL? = nil, token: EndpointURL? = nil,
        revocation: EndpointURL? = nil, registration: EndpointURL? = nil, known: Known = Known(),
        showsCertificate: Bool = false
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
        refusedDevice = self.device == nil ? metadata?.refusedEndpoints["device_authorization_endpoint"] : nil
    }
}

extension ProviderEndpoints {
    /// Returns the device authorization endpoint, which a login requires.
    public func requiredDevice() throws(OAuthFailure) -> EndpointURL {
        if let device { return device }
        throw .deviceFlowUnsupported(
            detail: refusedDevice.map { "the provider's device authorization endpoint is refused: \($0)" }
                ?? "the provider names no device authorization endpoint"
        )
    }
}
