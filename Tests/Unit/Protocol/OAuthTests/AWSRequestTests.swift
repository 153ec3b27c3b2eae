import OAuth
import SecretMemory
import Testing

/// The requests to AWS IAM Identity Center, by the names of the API's reference.
struct AWSRequestTests {
    private func server(_ transport: ScriptedTransport) throws -> AuthorizationServer {
        var dialect = RequestDialect()
        dialect.encoding = .awsJSON
        dialect.deviceParameters = ["startUrl": "https://d-1.awsapps.com/start"]
        return AuthorizationServer(
            endpoints: try ProviderEndpoints(
                metadata: nil,
                device: try EndpointURL(parsing: "https://oidc.example/device_authorization"),
                token: try EndpointURL(parsing: "https://oidc.example/token"),
                revocation: try EndpointURL(parsing: "https://portal.example/logout")
            ),
            client: Client(id: "app", secret: SecretBytes("s3cret"), authentication: .clientSecretPost),
            dialect: dialect,
            transport: transport
        )
    }

    @Test("requests are camelCase JSON with the client secret; a device request has no scopes")
    func requests() async throws {
        let device =
            #"{"deviceCode":"d","userCode":"u","verificationUri":"https://p.example/start/#/device","expiresIn":600}"#
        let transport = ScriptedTransport(
            HTTPResponse(200, device), HTTPResponse(400), HTTPResponse(400), HTTPResponse(400))
        let server = try server(transport)
        _ = try await server.authorizeDevice(scopes: ["sso:account:access"])
        _ = await server.poll(SecretBytes("dc"))
        _ = await server.refresh(SecretBytes("rt"), scopes: nil)
        _ = await server.refresh(SecretBytes("rt"), scopes: ["a", "b"])
        let client = #""clientId":"app","clientSecret":"s3cret""#
        #expect(
            transport.requests.map { $0.body?.revealedText() } == [
                #"{\#(client),"startUrl":"https://d-1.awsapps.com/start"}"#,
                #"{"grantType":"urn:ietf:params:oauth:grant-type:device_code","deviceCode":"dc",\#(client)}"#,
                #"{"grantType":"refresh_token","refreshToken":"rt",\#(client)}"#,
                #"{"grantType":"refresh_token","refreshToken":"rt","scope":["a","b"],\#(client)}"#,
            ])
        for request in transport.requests {
            #expect(request.method == .post)
            #expect(request.header("Content-Type") == "application/json")
            #expect(request.header("Authorization") == nil)
        }
    }

    @Test("a logout sends the access token in a header, and the refresh token nowhere")
    func session() async throws {
        let transport = ScriptedTransport(HTTPResponse(200), HTTPResponse(401, #"{"message":"no at-0123456789"}"#))
        let server = try server(transport)
        #expect(await server.revoke(SecretBytes("rt"), hint: .refreshToken) == .unsupported)
        #expect(transport.requests.isEmpty)
        #expect(await server.revoke(SecretBytes("at-0123456789"), hint: .accessToken) == .revoked)
        let request = try #require(transport.requests.first)
        #expect(request.url.text == "https://portal.example/logout")
        #expect(request.header("x-amz-sso_bearer_token") == "at-0123456789")
        #expect(request.body == nil)
        let refused = await server.revoke(SecretBytes("at-0123456789"), hint: .accessToken)
        #expect(refused == .refused(detail: "the server answers with status 401: no <redacted>"))
    }

    private func register(_ transport: ScriptedTransport) async throws -> RegisteredClient {
        let metadata = ServerMetadata(
            issuer: try Issuer(parsing: "https://oidc.example"),
            registrationEndpoint: try EndpointURL(parsing: "https://oidc.example/client/register"))
        return try await ClientRegistration(transport: transport)
            .register(metadata, scopes: ["sso:account:access"], encoding: .awsJSON)
    }

    @Test("a registration sends name, type and grants, and reads the camelCase reply")
    func registration() async throws {
        let transport = ScriptedTransport(
            HTTPResponse(
                200,
                """
                {"clientId":"_yz","clientIdIssuedAt":1579725929,"clientSecret":"VERYLONG",
                "clientSecretExpiresAt":1587584729,"authorizationEndpoint":null,"tokenEndpoint":null}
                """))
        let client = try await register(transport)
        #expect(
            client == RegisteredClient(id: "_yz", secret: SecretBytes("VERYLONG"), secretExpiresAt: 1_587_584_729))
        #expect(
            transport.requests[0].body?.revealedText() == """
                {"clientName":"authagent","clientType":"public","grantTypes":\
                ["urn:ietf:params:oauth:grant-type:device_code","refresh_token"],"scopes":["sso:account:access"]}
                """)
    }

    @Test("a refused registration is not retried, and a reply with two ids is invalid")
    func registrationRefused() async throws {
        let transport = ScriptedTransport(
            HTTPResponse(400, #"{"error":"invalid_client_metadata"}"#),
            HTTPResponse(200, #"{"clientId":"a","client_id":"b","clientSecret":"s"}"#))
        await #expect(throws: RegistrationFailure.self) { _ = try await register(transport) }
        #expect(transport.requests.count == 1)
        await #expect(
            throws: RegistrationFailure.badResponse(detail: "the reply holds two different values of 'client_id'")
        ) { _ = try await register(transport) }
    }

    @Test("a value cannot end its JSON string, and the first of two parameters of one name counts")
    func encoding() {
        let body = CamelCaseJSON.body([
            .plain("client_id", "a\"b\\c\n\u{1}é"), .secret("refresh_token", SecretBytes("\",\"x\":\"")),
            .plain("clientId", "evil"), .words("scopes", ["a", "\"]"]), .words("none", []),
        ])
        #expect(
            body.revealedText()
                == #"{"clientId":"a\"b\\c\u000a\u0001é","refreshToken":"\",\"x\":\"","scopes":["a","\"]"],"none":[]}"#)
        #expect(CamelCaseJSON.body([]).revealedText() == "{}")
        #expect(
            ["client_id", "a", "startUrl", "device_code_x", "", "_"].map(CamelCaseJSON.name)
                == ["clientId", "a", "startUrl", "deviceCodeX", "", ""])
    }
}
