import OAuth
import SecretMemory
import Synchronization
import Testing

struct ClientRegistrationTests {
    private static let issuer = "https://idp.example"

    private func metadata(
        registration: String? = "https://idp.example/register", methods: [String]? = nil
    ) throws -> ServerMetadata {
        ServerMetadata(
            issuer: try Issuer(parsing: Self.issuer),
            registrationEndpoint: try registration.map { try EndpointURL(parsing: $0) },
            tokenEndpointAuthMethods: methods
        )
    }

    private func register(
        _ transport: ScriptedTransport, methods: [String]? = nil, scopes: [String] = [], token: String? = nil
    ) async throws(RegistrationFailure) -> RegisteredClient {
        guard let metadata = try? metadata(methods: methods) else { throw .unsupported(detail: "no metadata") }
        return try await ClientRegistration(transport: transport)
            .register(metadata, scopes: scopes, initialToken: token.map { SecretBytes($0) })
    }

    private func failure(_ responses: HTTPResponse..., token: String? = nil) async -> RegistrationFailure? {
        let transport = ScriptedTransport(responses.map { .reply($0) })
        do throws(RegistrationFailure) { _ = try await register(transport, token: token) } catch { return error }
        return nil
    }

    @Test("T1: a registration is a POST of JSON, with the initial access token only in the header")
    func request() async throws {
        let transport = ScriptedTransport(HTTPResponse(201, #"{"client_id":"c1"}"#))
        let client = try await register(transport, scopes: ["openid", "mail"], token: "initial-token")
        #expect(client == RegisteredClient(id: "c1"))
        let request = try #require(transport.requests.first)
        #expect(request.method == .post)
        #expect(request.url.text == "https://idp.example/register")
        #expect(request.header("Content-Type") == "application/json")
        #expect(request.header("Authorization") == "Bearer initial-token")
        #expect(
            request.body?.revealedText() == """
                {"client_name":"authagent","grant_types":["urn:ietf:params:oauth:grant-type:device_code",\
                "refresh_token"],"response_types":[],"scope":"openid mail","token_endpoint_auth_method":"none"}
                """)
    }

    @Test(
        "the client registers without a secret if possible, else with the first supported method",
        arguments: [
            (nil, "none"), (["client_secret_basic", "none"], "none"),
            (["client_secret_post", "client_secret_basic"], "client_secret_basic"),
            (["private_key_jwt", "client_secret_post"], "client_secret_post"), (["private_key_jwt"], "none"),
        ] as [([String]?, String)])
    func authentication(methods: [String]?, asked: String) async throws {
        let transport = ScriptedTransport(HTTPResponse(201, #"{"client_id":"c1"}"#))
        _ = try await register(transport, methods: methods)
        #expect(
            transport.requests[0].body?.revealedText().contains(#""token_endpoint_auth_method":"\#(asked)""#) == true)
    }

    @Test("after refusals, a redirect URI is added, then the grant's other name is used, then it ends")
    func attempts() async throws {
        let refusal = HTTPResponse(400, #"{"error":"invalid_client_metadata"}"#)
        let transport = ScriptedTransport(refusal, refusal, HTTPResponse(200, #"{"client_id":"c1"}"#))
        #expect(try await register(transport).id == "c1")
        let bodies = transport.requests.compactMap { $0.body?.revealedText() }
        #expect(bodies.map { $0.contains(#""redirect_uris":["http://127.0.0.1/"]"#) } == [false, true, true])
        #expect(bodies.map { $0.contains(#""device_authorization""#) } == [false, false, true])

        let never = ScriptedTransport(refusal, refusal, refusal, refusal)
        await #expect(throws: RegistrationFailure.self) { try await register(never) }
        #expect(never.requests.count == RegistrationRequest.mostAttempts)
    }

    @Test(
        "a refusal that names a missing member, in any format, is retried with that member",
        arguments: [
            (400, #"{"error":"invalid_request","error_description":"redirect_uris is required"}"#, true, false),
            (422, #"{"detail":[{"loc":["body","redirect_uris"],"msg":"field required"}]}"#, true, false),
            (
                400, #"{"error":"invalid_client_metadata","error_description":"response_types must not be empty"}"#,
                false, true
            ),
            (422, #"{"errors":{"response_types":["can't be blank"],"redirect_uris":["can't be blank"]}}"#, true, true),
            (400, #"{"message":"Validation failed"}"#, true, false), (400, "", true, false),
            (422, "<html>redirect_uri missing</html>", true, false),
        ])
    func frameworks(status: Int, body: String, asksRedirect: Bool, asksResponseType: Bool) async throws {
        let transport = ScriptedTransport(HTTPResponse(status, body), HTTPResponse(201, #"{"client_id":"c1"}"#))
        #expect(try await register(transport).id == "c1")
        let second = try #require(transport.requests.last?.body?.revealedText())
        #expect(second.contains(#""redirect_uris":["http://127.0.0.1/"]"#) == asksRedirect)
        #expect(second.contains(#""response_types":["code"]"#) == asksResponseType)
    }

    @Test("each member is added once, and every attempt differs from those before")
    func onceEach() async throws {
        let refusal = HTTPResponse(400, #"{"error":"bad","message":"redirect_uris and response_types, please"}"#)
        let transport = ScriptedTransport(refusal, refusal, refusal, refusal, refusal)
        await #expect(throws: RegistrationFailure.self) { try await register(transport) }
        let bodies = transport.requests.compactMap { $0.body?.revealedText() }
        #expect(bodies.count <= RegistrationRequest.mostAttempts)
        #expect(Set(bodies).count == bodies.count)
    }

    @Test("all attempts share one time limit")
    func timeLimit() async throws {
        let refusal = HTTPResponse(400, #"{"error":"invalid_client_metadata"}"#)
        let transport = ScriptedTransport(refusal, refusal, refusal)
        let start = ContinuousClock.now
        let readings = Mutex(0)
        let clock: @Sendable () -> ContinuousClock.Instant = {
            start + .seconds(9)
                * readings.withLock { count in
                    defer { count += 1 }
                    return max(0, count - 1)
                }
        }
        await #expect(throws: RegistrationFailure.transport(.timedOut("no client is registered within 15 s"))) {
            try await ClientRegistration(transport: transport).register(try metadata(), scopes: [], now: clock)
        }
        #expect(transport.requests.map(\.timeLimit) == [.seconds(15), .seconds(6)])
    }

    @Test(
        "a refusal that another form cannot change is not retried",
        arguments: [
            HTTPResponse(400, #"{"error":"invalid_software_statement"}"#),
            HTTPResponse(401, #"{"error":"invalid_token"}"#), HTTPResponse(403), HTTPResponse(404, "<html>"),
            HTTPResponse(503, #"{"error":"slow_down"}"#),
        ])
    func final(response: HTTPResponse) async {
        let transport = ScriptedTransport(response, HTTPResponse(201, #"{"client_id":"c1"}"#))
        await #expect(throws: RegistrationFailure.self) { try await register(transport) }
        #expect(transport.requests.count == 1)
    }

    @Test("T5: a redirect is not followed")
    func redirect() async {
        let transport = ScriptedTransport(HTTPResponse(307, "", [("Location", "https://evil.example/register")]))
        await #expect(throws: RegistrationFailure.self) { try await register(transport, token: "initial-token") }
        #expect(transport.requests.map(\.url.text) == ["https://idp.example/register"])
    }

    @Test("an unavailable server is not a refusal")
    func outOfOrder() async {
        guard case .transport? = await failure(HTTPResponse(503)) else { return #expect(Bool(false)) }
        guard case .transport? = await failure(HTTPResponse(400, #"{"error":"temporarily_unavailable"}"#)) else {
            return #expect(Bool(false))
        }
    }

    @Test("without a usable registration endpoint, nothing is sent")
    func unsupported() async throws {
        let transport = ScriptedTransport()
        await #expect(throws: RegistrationFailure.unsupported(detail: "the provider offers no registration")) {
            try await ClientRegistration(transport: transport).register(try metadata(registration: nil), scopes: [])
        }
        let document = #"{"issuer":"https://idp.example","registration_endpoint":"http://idp.example/register"}"#
        let refused = try #require(
            try ServerMetadata(fields(document), askedFor: try Issuer(parsing: Self.issuer)))
        #expect(refused.registrationEndpoint == nil)
        await #expect {
            try await ClientRegistration(transport: transport).register(refused, scopes: [])
        } throws: { "\($0)".contains("registration endpoint is refused") }
        #expect(transport.requests.isEmpty)
    }

    @Test("a refusal that echoes the initial access token is reported without it")
    func redaction() async {
        let echo = HTTPResponse(401, #"{"error":"invalid_token","error_description":"bad: initial-token-4711"}"#)
        guard case .refused(let detail, 401)? = await failure(echo, token: "initial-token-4711") else {
            return #expect(Bool(false))
        }
        #expect(!detail.contains("4711"))
    }

    @Test("an echo of the initial access token as the authentication method is not reported")
    func redactedMethod() async {
        let echo = HTTPResponse(
            201, #"{"client_id":"c1","token_endpoint_auth_method":"initial-token-4711"}"#)
        guard case .refused(let detail, nil)? = await failure(echo, token: "initial-token-4711") else {
            return #expect(Bool(false))
        }
        #expect(!detail.contains("4711"))
    }
}
