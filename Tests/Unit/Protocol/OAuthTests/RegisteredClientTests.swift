import OAuth
import SecretMemory
import Testing

/// The client that the server registered, which may differ from the request.
struct RegisteredClientTests {
    private func register(_ replies: HTTPResponse...) async throws -> (RegisteredClient, ScriptedTransport) {
        let transport = ScriptedTransport(replies.map { .reply($0) })
        return (try await register(transport), transport)
    }

    private func register(_ transport: ScriptedTransport) async throws(RegistrationFailure) -> RegisteredClient {
        guard let issuer = try? Issuer(parsing: "https://idp.example/a"),
            let url = try? EndpointURL(parsing: "https://reg.example/register")
        else { throw .unsupported(detail: "no metadata") }
        return try await ClientRegistration(transport: transport)
            .register(ServerMetadata(issuer: issuer, registrationEndpoint: url), scopes: [])
    }

    @Test("G1: a registered client has the server's secret, expiry and method")
    func changed() async throws {
        let (client, _) = try await register(
            HTTPResponse(
                201,
                """
                {"client_id":"c1","client_secret":"s3cret","client_secret_expires_at":"1800000000",
                "token_endpoint_auth_method":"client_secret_post",
                "grant_types":["device_authorization","authorization_code"]}
                """))
        #expect(
            client
                == RegisteredClient(
                    id: "c1", secret: SecretBytes("s3cret"), authentication: .clientSecretPost,
                    secretExpiresAt: 1_800_000_000, grantTypes: ["device_authorization", "authorization_code"]))
    }

    @Test("a secret that expires at 0 never expires")
    func neverExpires() async throws {
        let (client, _) = try await register(
            HTTPResponse(200, #"{"client_id":"c1","client_secret":"s3cret","client_secret_expires_at":0}"#))
        #expect(client.secretExpiresAt == nil)
        #expect(client.authentication == nil)
    }

    @Test("G1: a registration without the device grant is refused and deleted")
    func noDeviceGrant() async throws {
        let transport = ScriptedTransport(
            HTTPResponse(
                201,
                """
                {"client_id":"c1","grant_types":["authorization_code"],"registration_access_token":"manage-it",
                "registration_client_uri":"https://reg.example/register/c1"}
                """),
            HTTPResponse(204)
        )
        await #expect {
            _ = try await register(transport)
        } throws: {
            guard case .noDeviceGrant? = $0 as? RegistrationFailure else { return false }
            return true
        }
        let deletion = try #require(transport.requests.last)
        #expect(deletion.method == .delete)
        #expect(deletion.url.text == "https://reg.example/register/c1")
        #expect(deletion.header("Authorization") == "Bearer manage-it")
    }

    @Test(
        "G1: a method that the client does not support is refused",
        arguments: [
            #""private_key_jwt","client_secret":"s""#, #""client_secret_basic""#, #""tls_client_auth""#,
        ])
    func method(members: String) async {
        let transport = ScriptedTransport(
            HTTPResponse(201, #"{"client_id":"c1","token_endpoint_auth_method":\#(members)}"#))
        await #expect(throws: RegistrationFailure.self) { try await register(transport) }
    }

    @Test(
        "null and empty members count as absent",
        arguments: [
            #""grant_types":null,"client_secret":"","token_endpoint_auth_method":"none""#,
            #""grant_types":[],"response_types":null,"client_secret":null,"token_endpoint_auth_method":"""#,
            #""grant_types":"","client_secret_expires_at":null,"registration_client_uri":"","redirect_uris":null"#,
        ])
    func emptyMembers(members: String) async throws {
        let (client, _) = try await register(HTTPResponse(201, #"{"client_id":"c1",\#(members)}"#))
        #expect(client.id == "c1")
        #expect(client.secret == nil)
        #expect(client.management == nil)
    }

    @Test(
        "T1: the management token goes only to the origin of the endpoint or the issuer, over https",
        arguments: [
            ("https://reg.example/c/1", true), ("https://idp.example/c/1", true), ("https://evil.example/c/1", false),
            ("https://reg.example.evil.example/c/1", false), ("http://reg.example/c/1", false),
            ("https://reg.example:8443/c/1", false), ("nonsense", false), ("", false),
        ])
    func management(uri: String, isUsed: Bool) async throws {
        let (client, _) = try await register(
            HTTPResponse(
                201,
                #"{"client_id":"c1","registration_access_token":"manage-it","registration_client_uri":"\#(uri)"}"#))
        #expect((client.management != nil) == isUsed)
    }

    @Test(
        "a reply that is not a registration is a bad response",
        arguments: [
            "", "<html>", "{}", #"{"client_id":""}"#, #"{"client_id":"a\nb"}"#,
            #"{"client_id":"c1","client_secret":"a\nb"}"#, #"{"client_id":"c1","client_secret":7}"#,
        ])
    func bad(body: String) async {
        let transport = ScriptedTransport(HTTPResponse(201, body))
        await #expect {
            try await register(transport)
        } throws: {
            guard case .badResponse? = $0 as? RegistrationFailure else { return false }
            return true
        }
    }

    @Test("a deletion succeeds with 204, is refused with 401, and can be retried after 503")
    func deletion() async throws {
        let management = ClientManagement(
            url: try EndpointURL(parsing: "https://reg.example/c/1"), token: SecretBytes("manage-it"))
        func delete(_ response: HTTPResponse) async -> RevocationReply {
            await ClientRegistration(transport: ScriptedTransport(response)).delete(management)
        }
        #expect(await delete(HTTPResponse(204)) == .revoked)
        guard case .refused(let detail) = await delete(HTTPResponse(401, #"{"error":"manage-it"}"#)) else {
            return #expect(Bool(false))
        }
        #expect(!detail.contains("manage-it"))
        guard case .refused = await delete(HTTPResponse(302)) else { return #expect(Bool(false)) }
        guard case .retry = await delete(HTTPResponse(503)) else { return #expect(Bool(false)) }
    }
}
