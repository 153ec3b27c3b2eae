/// Where one account's requests go: what discovery found, and the endpoints given by hand, which win.
public struct ProviderEndpoints: Sendable, Equatable {
    /// Nil: the provider has no device grant, but a login from before can still be refreshed.
    public let device: EndpointURL?
    public let token: EndpointURL
    public let revocation: EndpointURL?
    public let introspection: EndpointURL?
    /// Why the metadata's device endpoint is not used, if it names one.
    let refusedDevice: URLRejection?

    public init(
        metadata: ServerMetadata?, device: EndpointURL? = nil, token: EndpointURL? = nil,
        revocation: EndpointURL? = nil
    ) throws(OAuthFailure) {
        guard let token = token ?? metadata?.tokenEndpoint else {
            let refusal = metadata?.refusedEndpoints["token_endpoint"]
            throw .noTokenEndpoint(
                detail: refusal.map { "the provider's token endpoint is refused: \($0)" }
                    ?? "the provider names no token endpoint"
            )
        }
        self.token = token
        self.device = device ?? metadata?.deviceAuthorizationEndpoint
        self.revocation = revocation ?? metadata?.revocationEndpoint
        introspection = metadata?.introspectionEndpoint
        refusedDevice = self.device == nil ? metadata?.refusedEndpoints["device_authorization_endpoint"] : nil
    }
}
