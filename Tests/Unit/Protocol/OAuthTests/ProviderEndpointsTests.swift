import OAuth
import Testing

@Suite struct ProviderEndpointsTests {
    private let metadata: ServerMetadata
    private let other: EndpointURL

    init() throws {
        metadata = ServerMetadata(
            issuer: try Issuer(parsing: "https://idp.example"),
            deviceAuthorizationEndpoint: try EndpointURL(parsing: "https://idp.example/device"),
            tokenEndpoint: try EndpointURL(parsing: "https://idp.example/token"),
            revocationEndpoint: try EndpointURL(parsing: "https://idp.example/revoke")
        )
        other = try EndpointURL(parsing: "https://other.example/x")
    }

    @Test("without settings, endpoints come from the metadata")
    func discovered() throws {
        let endpoints = try ProviderEndpoints(metadata: metadata)
        #expect(endpoints.device == metadata.deviceAuthorizationEndpoint)
        #expect(endpoints.token == metadata.tokenEndpoint)
        #expect(endpoints.revocation == metadata.revocationEndpoint)
    }

    @Test("each configured endpoint replaces the metadata's")
    func byHand() throws {
        #expect(try ProviderEndpoints(metadata: metadata, device: other).device == other)
        #expect(try ProviderEndpoints(metadata: metadata, token: other).token == other)
        let endpoints = try ProviderEndpoints(metadata: metadata, revocation: other)
        #expect(endpoints.revocation == other)
        #expect(endpoints.token == metadata.tokenEndpoint)
    }

    @Test("without metadata, a token endpoint is required and enough")
    func withoutMetadata() throws {
        let endpoints = try ProviderEndpoints(metadata: nil, token: other)
        #expect(endpoints.device == nil)
        #expect(endpoints.revocation == nil)
        #expect(throws: OAuthFailure.noTokenEndpoint(detail: "the provider names no token endpoint")) {
            try ProviderEndpoints(metadata: nil, device: other)
        }
    }
}
