import OAuth
import SecretMemory
import Testing

@Suite struct AuthorizationServerTests {
    private let endpoints: ProviderEndpoints

    init() throws {
        endpoints = try ProviderEndpoints(
            metadata: nil,
            device: try EndpointURL(parsing: "https://idp.example/device"),
            token: try EndpointURL(parsing: "https://idp.example/token"),
            revocation: try EndpointURL(parsing: "https://idp.example/revoke")
        )
    }

    private func server(
        _ transport: ScriptedTransport, _ authentication: ClientAuthentication = .none
    ) -> AuthorizationServer {
        let secret = authentication == .none ? nil : SecretBytes("client-s3cret")
        let client = Client(id: "app", secret: secret, authentication: authentication)
        return AuthorizationServer(endpoints: endpoints, client: client, transport: transport)
    }

    private let device = #"{"device_code":"d","user_code":"u","verification_uri":"https://idp.example/go"}"#
    private let basic = "Basic YXBwOmNsaWVudC1zM2NyZXQ="

    @Test("R1: a refresh for resources and an audience sends each of them (RFC 8707 §2)")
    func resources() async throws {
        let transport = ScriptedTransport(HTTPResponse(400))
        _ = await server(transport).refresh(
            SecretBytes("rt"), scopes: [], resources: ["https://a.example/", "urn:b"], audience: "c d")
        #expect(
            transport.requests.map(\.form) == [
                [
                    "grant_type=refresh_token", "refresh_token=rt", "resource=https%3A%2F%2Fa.example%2F",
                    "resource=urn%3Ab", "audience=c+d", "client_id=app",
                ]
            ])
    }

    @Test("T1: every request is a POST of a form that accepts JSON, with its secrets in the body")
    func requests() async throws {
        let transport = ScriptedTransport(
            HTTPResponse(200, device), HTTPResponse(400), HTTPResponse(400), HTTPResponse(200)
        )
        let server = server(transport)
        _ = try await server.authorizeDevice(scopes: ["openid", "a b"])
        _ = await server.poll(SecretBytes("dc+1"))
        _ = await server.refresh(SecretBytes("rt"), scopes: ["a", "b"])
        _ = await server.revoke(SecretBytes("rt"), hint: .refreshToken)
        #expect(
            transport.requests.map(\.url.text)
                == ["device", "token", "token", "revoke"].map { "https://idp.example/\($0)" })
        #expect(
            transport.requests.map(\.form) == [
                ["client_id=app", "scope=openid+a+b"],
                [
                    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code", "device_code=dc%2B1",
                    "client_id=app",
                ],
                ["grant_type=refresh_token", "refresh_token=rt", "scope=a+b", "client_id=app"],
                ["token=rt", "token_type_hint=refresh_token", "client_id=app"],
            ]
        )
        for request in transport.requests {
            #expect(request.method == .post)
            #expect(request.header("Accept") == "application/json")
            #expect(request.header("Content-Type") == "application/x-www-form-urlencoded")
            #expect(request.header("Authorization") == nil)
        }
    }

    @Test("T6: client_secret_basic is in the header; only the device request repeats client_id")
    func basicAuthentication() async throws {
        let transport = ScriptedTransport(HTTPResponse(200, device), HTTPResponse(400), HTTPResponse(200))
        let server = server(transport, .clientSecretBasic)
        _ = try await server.authorizeDevice(scopes: [])
        _ = await server.refresh(SecretBytes("rt"), scopes: nil)
        _ = await server.revoke(SecretBytes("at"), hint: .accessToken)
        #expect(
            transport.requests.map(\.form) == [
                ["client_id=app"], ["grant_type=refresh_token", "refresh_token=rt"],
                ["token=at", "token_type_hint=access_token"],
            ]
        )
        #expect(transport.requests.allSatisfy { $0.header("Authorization") == basic })
    }

    @Test("T6: client_secret_post is in the body")
    func postAuthentication() async {
        let transport = ScriptedTransport(HTTPResponse(400))
        _ = await server(transport, .clientSecretPost).poll(SecretBytes("dc"))
        #expect(transport.requests[0].form.suffix(2) == ["client_id=app", "client_secret=client-s3cret"])
        #expect(transport.requests[0].header("Authorization") == nil)
    }

    @Test(
        "T5: a redirect is not followed: one request is sent", arguments: [301, 302, 303, 307, 308])
    func redirects(status: Int) async {
        let redirect = HTTPResponse(status, #"{"access_token":"a"}"#, [("Location", "https://evil.example/")])
        let transport = ScriptedTransport(redirect, redirect, redirect, redirect)
        let server = server(transport)
        await #expect(throws: OAuthFailure.self) { try await server.authorizeDevice(scopes: []) }
        guard case .transient = await server.poll(SecretBytes("dc")),
            case .transient = await server.refresh(SecretBytes("rt"), scopes: nil),
            case .refused = await server.revoke(SecretBytes("rt"), hint: .refreshToken)
        else {
            Issue.record("a redirect is taken for an answer")
            return
        }
        #expect(transport.requests.count == 4)
        #expect(transport.requests.allSatisfy { $0.url.origin == "https://idp.example" })
    }

    @Test("without a device endpoint, a login fails and nothing is sent")
    func noDeviceEndpoint() async throws {
        let transport = ScriptedTransport()
        let tokenOnly = try ProviderEndpoints(metadata: nil, token: endpoints.token)
        let server = AuthorizationServer(
            endpoints: tokenOnly, client: Client(id: "app", authentication: .none), transport: transport
        )
        await #expect(
            throws: OAuthFailure.deviceFlowUnsupported(detail: "the provider names no device authorization endpoint")
        ) { try await server.authorizeDevice(scopes: []) }
        #expect(await server.revoke(SecretBytes("rt"), hint: .refreshToken) == .unsupported)
        #expect(transport.requests.isEmpty)
    }

    @Test("a transport failure is passed on", arguments: [TransportFailure.tls("expired"), .timedOut("10 s")])
    func transportFailure(cause: TransportFailure) async {
        await #expect(throws: OAuthFailure.transport(cause)) {
            try await server(ScriptedTransport([.failure(cause)])).authorizeDevice(scopes: [])
        }
    }

    @Test("D7: an echoed code, token or secret is not in any error text")
    func echoes() async throws {
        let echo = """
            {"error":"broken","access_token":"at-issued",
            "error_description":"dc-s3cret rt-s3cret client-s3cret YXBwOmNsaWVudC1zM2NyZXQ= at-issued"}
            """
        let answer = HTTPResponse(400, echo)
        let server = server(ScriptedTransport(answer, answer, answer, answer), .clientSecretBasic)
        guard case .refused(let refused) = await server.poll(SecretBytes("dc-s3cret")),
            case .rejected(_, let rejected) = await server.refresh(SecretBytes("rt-s3cret"), scopes: nil),
            case .refused(let revocation) = await server.revoke(SecretBytes("rt-s3cret"), hint: .refreshToken)
        else {
            Issue.record("another class of reply")
            return
        }
        #expect(refused.detail == "<redacted> rt-s3cret <redacted> <redacted> <redacted>")
        #expect(rejected == "broken: dc-s3cret <redacted> <redacted> <redacted> <redacted>")
        #expect(revocation.hasSuffix("broken: dc-s3cret <redacted> <redacted> <redacted> <redacted>"))
        let failure = await #expect(throws: OAuthFailure.self) { try await server.authorizeDevice(scopes: []) }
        #expect(failure?.description == "broken: dc-s3cret rt-s3cret <redacted> <redacted> <redacted>")
    }

    @Test("D7: issued values are not in the reply's error text, for every spelling of their members")
    func issuedEchoes() async {
        let echo =
            #"{"error":"x","deviceCode":"dc-issued-1","refreshToken":"rt-issued-2","message":"dc-issued-1 rt-issued-2"}"#
        let server = server(ScriptedTransport(HTTPResponse(400, echo)))
        let failure = await #expect(throws: OAuthFailure.self) { try await server.authorizeDevice(scopes: []) }
        #expect(failure?.description == "x: <redacted> <redacted>")
    }

    @Test("D7: a secret is hidden without an OAuth error and when it is shortened")
    func echoesWithoutError() async {
        let answer = HTTPResponse(
            422, #"{"message":"client-s3cret YXBwOmNsaWVudC1z... dc-0123456789%2Bx rt-0123456789"}"#)
        let server = server(ScriptedTransport(answer, answer, answer, answer), .clientSecretBasic)
        guard case .transient(let poll, _, _) = await server.poll(SecretBytes("dc-0123456789+x")),
            case .rejected(_, let refresh) = await server.refresh(SecretBytes("rt-0123456789"), scopes: nil),
            case .refused(let revocation) = await server.revoke(SecretBytes("rt-0123456789"), hint: .refreshToken)
        else {
            Issue.record("another class of reply")
            return
        }
        #expect(poll.hasSuffix("<redacted> <redacted>... <redacted> rt<redacted>"))
        #expect(refresh.hasPrefix("<redacted> <redacted>... dc<redacted>"))
        #expect(revocation.hasSuffix("<redacted>"))
        let failure = await #expect(throws: OAuthFailure.self) { try await server.authorizeDevice(scopes: []) }
        #expect(failure?.description.hasSuffix("<redacted> <redacted>... dc-0123456789%2Bx rt-0123456789") == true)
    }

    @Test("S1: a server's text is shown without control characters and up to a limit")
    func terminalInjection() async {
        let echo =
            #"{"error":"e\u001b[1m\#(String(repeating: "x", count: 99))","error_description":"\u001b]0;\u0007a\r\nb"}"#
        guard
            case .refused(let error) = await server(ScriptedTransport(HTTPResponse(400, echo))).poll(
                SecretBytes("dc1234"))
        else {
            Issue.record("another class of reply")
            return
        }
        #expect(error.code == "e" + String(repeating: "x", count: 62) + "…")
        #expect(error.detail == "a b")
    }

    @Test("D7: a scope that echoes a secret is dropped")
    func scopeEcho() async {
        let answer = HTTPResponse(200, #"{"access_token":"at-0123456789","scope":"a dc-s3cret-code at-0123456789 b"}"#)
        guard case .granted(let grant) = await server(ScriptedTransport(answer)).poll(SecretBytes("dc-s3cret-code"))
        else {
            Issue.record("another class of reply")
            return
        }
        #expect(grant.scope == ["a", "b"])
    }

    @Test("S1: an error without any text to show is still reported as an error")
    func invisible() {
        let reply = ProviderReply(HTTPResponse(400, #"{"error":"\u0000","error_description":"\u001b[31m\u200b"}"#))
        #expect(reply.error == ProviderError(code: "unknown_error", detail: nil, status: 400))
        #expect(reply.summary == "the server answers with status 400: unknown_error")
        #expect(ProviderReply(HTTPResponse(401, #"{"message":"\u0007"}"#)).content == "the reply names no error")
    }
}
