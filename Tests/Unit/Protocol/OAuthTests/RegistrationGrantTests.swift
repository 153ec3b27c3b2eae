import OAuth
import SecretMemory
import Testing

/// Clients that are registered for a login by code or by CIBA.
struct RegistrationGrantTests {
    private func register(
        _ grant: RegistrationGrant, _ responses: HTTPResponse..., encoding: RequestEncoding = .form,
        methods: [String]? = nil
    ) async throws -> (RegisteredClient, [String]) {
        let transport = ScriptedTransport(responses.map { .reply($0) })
        let metadata = ServerMetadata(
            issuer: try Issuer(parsing: "https://idp.example"),
            registrationEndpoint: try EndpointURL(parsing: "https://idp.example/register"),
            tokenEndpointAuthMethods: methods)
        let client = try await ClientRegistration(transport: transport)
            .register(metadata, scopes: ["openid"], grant: grant, encoding: encoding)
        return (client, transport.requests.compactMap { $0.body?.revealedText() })
    }

    private let code = RegistrationGrant.code(.standard)

    @Test("a client for the code grant is a native one with a loopback redirect URI")
    func codeClient() async throws {
        let (client, bodies) = try await register(code, HTTPResponse(201, #"{"client_id":"c1"}"#))
        #expect(
            bodies == [
                """
                {"application_type":"native","client_name":"authagent","grant_types":["authorization_code",\
                "refresh_token"],"redirect_uris":["http://127.0.0.1/callback"],"response_types":["code"],\
                "scope":"openid","token_endpoint_auth_method":"none"}
                """
            ])
        #expect(client == RegisteredClient(id: "c1"))
        #expect(code.types == ["authorization_code", "refresh_token"])
    }

    @Test("a client for CIBA polls, and authenticates with a secret")
    func cibaClient() async throws {
        let reply = HTTPResponse(201, #"{"client_id":"c1","client_secret":"s3cret"}"#)
        let (_, bodies) = try await register(.backchannel, reply, methods: ["none", "client_secret_post"])
        #expect(
            bodies == [
                """
                {"backchannel_token_delivery_mode":"poll","client_name":"authagent",\
                "grant_types":["urn:openid:params:grant-type:ciba","refresh_token"],"response_types":[],\
                "scope":"openid","token_endpoint_auth_method":"client_secret_post"}
                """
            ])
        #expect(RegistrationRequest.authentication(supported: nil, grant: .backchannel) == .clientSecretBasic)
        #expect(RegistrationRequest.authentication(supported: ["none"], grant: .backchannel) == .clientSecretBasic)
        await #expect(throws: RegistrationFailure.self) {
            try await register(
                .backchannel, HTTPResponse(201, #"{"client_id":"c1","token_endpoint_auth_method":"none"}"#),
                HTTPResponse(204))
        }
    }

    @Test("a server that does not know the application type gets a request without it")
    func applicationType() async throws {
        let refusal = HTTPResponse(400, #"{"error":"invalid_client_metadata"}"#)
        let (_, bodies) = try await register(code, refusal, HTTPResponse(201, #"{"client_id":"c1"}"#))
        #expect(bodies.map { $0.contains("application_type") } == [true, false])
        #expect(bodies.allSatisfy { $0.contains(#""redirect_uris":["http://127.0.0.1/callback"]"#) })
        let web = RegistrationGrant.code(try RedirectURI(parsing: "https://app.example/cb"))
        let (_, others) = try await register(web, HTTPResponse(201, #"{"client_id":"c1"}"#))
        #expect(others[0].contains(#""application_type":"web""#))
    }

    @Test("AWS gets the redirect URI and the start URL in its own spelling")
    func aws() async throws {
        let grant = RegistrationGrant.code(
            try RedirectURI(parsing: "http://127.0.0.1/oauth/callback"), issuerURL: "https://a.awsapps.com/start")
        let (client, bodies) = try await register(
            grant, HTTPResponse(200, #"{"clientId":"c1","clientSecret":"s"}"#), encoding: .awsJSON)
        #expect(client.id == "c1")
        #expect(
            bodies == [
                """
                {"clientName":"authagent","clientType":"public","grantTypes":["authorization_code","refresh_token"],\
                "redirectUris":["http://127.0.0.1/oauth/callback"],"issuerUrl":"https://a.awsapps.com/start",\
                "scopes":["openid"]}
                """
            ])
    }

    @Test(
        "a client without the grant, or with another redirect URI, is not used, and is deleted",
        arguments: [
            #""grant_types":["refresh_token"]"#, #""grant_types":["urn:ietf:params:oauth:grant-type:device_code"]"#,
            #""redirect_uris":["http://127.0.0.1/"]"#, #""redirect_uris":["https://idp.example/callback"]"#,
        ])
    func unusable(members: String) async throws {
        let transport = ScriptedTransport(
            HTTPResponse(
                201,
                #"{"client_id":"c","registration_access_token":"t","registration_client_uri":"https://idp.example/r/c",\#(members)}"#
            ), HTTPResponse(204))
        let metadata = ServerMetadata(
            issuer: try Issuer(parsing: "https://idp.example"),
            registrationEndpoint: try EndpointURL(parsing: "https://idp.example/register"))
        let failure = await #expect(throws: RegistrationFailure.self) {
            try await ClientRegistration(transport: transport).register(metadata, scopes: [], grant: code)
        }
        guard case .noGrant? = failure else { return #expect(Bool(false), "\(String(describing: failure))") }
        #expect(transport.requests.map(\.method) == [.post, .delete])
    }

    @Test("what the provider registered decides by which grants the client can log in")
    func covered() async throws {
        let (client, _) = try await register(
            code,
            HTTPResponse(
                201,
                #"{"client_id":"c","grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:device_code"],"redirect_uris":["http://127.0.0.1:0/callback","http://127.0.0.1:80/callback"]}"#
            ))
        func isCovered(_ grant: RegistrationGrant) -> Bool {
            grant.isCovered(byTypes: client.grantTypes, redirectURIs: client.redirectURIs)
        }
        #expect(isCovered(code))
        #expect(isCovered(.device))
        #expect(!isCovered(.backchannel))
        #expect(!isCovered(.code(try RedirectURI(parsing: "http://127.0.0.1/other"))))
        #expect(!isCovered(.code(try RedirectURI(parsing: "http://localhost/callback"))))
        #expect(!isCovered(.code(try RedirectURI(parsing: "https://app.example/callback"))))
        // A record of an earlier version was of a client for the device grant.
        #expect(RegistrationGrant.device.isCovered(byTypes: nil, redirectURIs: nil))
        #expect(!code.isCovered(byTypes: nil, redirectURIs: nil))
        #expect(RegistrationGrant.device.isCovered(byTypes: ["device_authorization"], redirectURIs: nil))
        // A redirect URI with a port is registered with that port.
        let fixed = RegistrationGrant.code(try RedirectURI(parsing: "http://127.0.0.1:8400/callback"))
        #expect(!fixed.isCovered(byTypes: ["authorization_code"], redirectURIs: ["http://127.0.0.1:8401/callback"]))
        #expect(fixed.isCovered(byTypes: ["authorization_code"], redirectURIs: ["http://127.0.0.1:8400/callback"]))
    }
}
