import OAuth
import Testing

/// The metadata's members for logins by code and by CIBA.
struct CodeMetadataTests {
    private func metadata(_ members: String, issuer: String = "https://idp.example") throws -> ServerMetadata {
        let document = #"{"issuer":"\#(issuer)","token_endpoint":"\#(issuer)/token",\#(members)}"#
        return try #require(try ServerMetadata(fields(document), askedFor: try Issuer(parsing: issuer)))
    }

    @Test("the members of RFC 8414, 9126, 9207, 9396 and CIBA are read")
    func members() throws {
        let metadata = try metadata(
            """
            "authorization_endpoint":"https://idp.example/authorize?p=x",
            "pushed_authorization_request_endpoint":"https://idp.example/par",
            "require_pushed_authorization_requests":true,"authorization_response_iss_parameter_supported":"true",
            "code_challenge_methods_supported":["plain","S256"],"response_types_supported":["code","code id_token"],
            "grant_types_supported":["authorization_code"],"acr_values_supported":["loa 1","phr"],
            "authorization_details_types_supported":["payment initiation"],
            "backchannel_authentication_endpoint":"https://idp.example/bc",
            "backchannel_token_delivery_modes_supported":["poll","ping"],
            "backchannel_user_code_parameter_supported":true
            """)
        #expect(metadata.authorizationEndpoint?.text == "https://idp.example/authorize?p=x")
        #expect(metadata.pushedAuthorizationEndpoint?.text == "https://idp.example/par")
        #expect(metadata.requiresPushedAuthorization)
        #expect(metadata.sendsIssuer)
        #expect(metadata.challengeSupport == .s256)
        #expect(metadata.responseTypes == ["code", "code id_token"])
        #expect(metadata.grantTypes == ["authorization_code"])
        #expect(metadata.acrValues == ["loa 1", "phr"])
        #expect(metadata.detailTypes == ["payment initiation"])
        #expect(metadata.backchannelEndpoint?.text == "https://idp.example/bc")
        #expect(metadata.backchannelModes == ["poll", "ping"])
        #expect(metadata.takesUserCode)
        let endpoints = try ProviderEndpoints(metadata: metadata)
        #expect(try endpoints.requiredAuthorization() == metadata.authorizationEndpoint)
        #expect(try endpoints.requiredBackchannel() == metadata.backchannelEndpoint)
        #expect(endpoints.pushedAuthorization == metadata.pushedAuthorizationEndpoint)
    }

    @Test("absent members promise nothing")
    func absent() throws {
        let metadata = try metadata(
            #""require_pushed_authorization_requests":1,"code_challenge_methods_supported":null"#)
        #expect(!metadata.requiresPushedAuthorization)
        #expect(!metadata.sendsIssuer)
        #expect(!metadata.takesUserCode)
        #expect(metadata.challengeSupport == .unknown)
        #expect(metadata.detailTypes == nil)
        #expect(try self.metadata(#""code_challenge_methods_supported":["plain"]"#).challengeSupport == .none)
        #expect(
            throws: OAuthFailure.backchannelUnsupported(
                detail: "the provider names no backchannel authentication endpoint")
        ) { try ProviderEndpoints(metadata: metadata).requiredBackchannel() }
    }

    @Test(
        "an endpoint that the agent or a browser must not use counts as absent, with its reason",
        arguments: [
            "authorization_endpoint", "pushed_authorization_request_endpoint", "backchannel_authentication_endpoint",
        ])
    func refused(member: String) throws {
        for url in ["http://idp.example/x", "http://127.0.0.1/x", "https://a@idp.example/x", "https://idp.example/x#y"]
        {
            let metadata = try metadata(#""\#(member)":"\#(url)""#)
            #expect(metadata.refusedEndpoints[member] != nil)
            #expect(metadata.authorizationEndpoint == nil)
            #expect(metadata.pushedAuthorizationEndpoint == nil)
            #expect(metadata.backchannelEndpoint == nil)
        }
    }

    @Test("with a certificate, the aliases apply to what the agent requests, not to the browser's endpoint")
    func aliases() throws {
        let metadata = try metadata(
            """
            "authorization_endpoint":"https://idp.example/a","pushed_authorization_request_endpoint":"https://idp.example/p",
            "mtls_endpoint_aliases":{"authorization_endpoint":"https://mtls.example/a",
            "pushed_authorization_request_endpoint":"https://mtls.example/p",
            "backchannel_authentication_endpoint":"https://mtls.example/b"}
            """)
        let endpoints = try ProviderEndpoints(metadata: metadata, showsCertificate: true)
        #expect(endpoints.authorization?.text == "https://idp.example/a")
        #expect(endpoints.pushedAuthorization?.text == "https://mtls.example/p")
        #expect(endpoints.backchannel?.text == "https://mtls.example/b")
    }

    @Test("a configured authorization endpoint wins over the metadata, and that over the preset")
    func precedence() throws {
        let configured = try EndpointURL(parsing: "https://own.example/a")
        let preset = ProviderEndpoints.Known(authorization: try EndpointURL(parsing: "https://preset.example/a"))
        let metadata = try metadata(#""authorization_endpoint":"https://idp.example/a""#)
        #expect(
            try ProviderEndpoints(metadata: metadata, authorization: configured, known: preset).authorization
                == configured)
        #expect(
            try ProviderEndpoints(metadata: metadata, known: preset).authorization == metadata.authorizationEndpoint)
        let bare = try self.metadata(#""x":1"#)
        #expect(try ProviderEndpoints(metadata: bare, known: preset).authorization == preset.authorization)
    }
}
