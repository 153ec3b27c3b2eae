import OAuth
import SecretMemory
import Testing

struct BackchannelTests {
    private func server(
        _ transport: ScriptedTransport, _ authentication: ClientAuthentication = .clientSecretBasic,
        hasEndpoint: Bool = true
    ) throws -> AuthorizationServer {
        let known = ProviderEndpoints.Known(
            backchannel: hasEndpoint ? try EndpointURL(parsing: "https://idp.example/bc") : nil)
        return AuthorizationServer(
            endpoints: try ProviderEndpoints(
                metadata: nil, token: try EndpointURL(parsing: "https://idp.example/token"), known: known),
            client: Client(id: "app", secret: SecretBytes("client-s3cret"), authentication: authentication),
            transport: transport)
    }

    private let answer = #"{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","expires_in":120,"interval":2}"#

    @Test("a request has openid, exactly one hint, and the client's proof as at the token endpoint")
    func request() async throws {
        let transport = ScriptedTransport(HTTPResponse(200, answer), HTTPResponse(200, answer))
        var request = BackchannelRequest(scopes: ["mail"], hint: .login("me@example.com"))
        request.bindingMessage = "amber tiger"
        request.acrValues = ["phr", "mfa"]
        request.requestedExpiry = 60
        request.userCode = SecretBytes("12 34")
        request.details = try AuthorizationDetails(parsing: #"[{"type":"x"}]"#)
        request.resources = ["urn:a"]
        let authentication = try await server(transport).authenticateBackchannel(request)
        #expect(authentication.id.revealedText() == "1c266114-a1be-4252-8ad1-04986c5b9ac1")
        #expect(authentication.expiresIn == 120)
        #expect(authentication.interval == 2)
        #expect(transport.requests[0].url.text == "https://idp.example/bc")
        #expect(transport.requests[0].header("Authorization")?.hasPrefix("Basic ") == true)
        #expect(
            transport.requests[0].form == [
                "scope=openid+mail", "login_hint=me%40example.com", "binding_message=amber+tiger",
                "requested_expiry=60",
                "user_code=12+34", "acr_values=phr+mfa", "resource=urn%3Aa",
                "authorization_details=%5B%7B%22type%22%3A%22x%22%7D%5D",
            ])
        _ = try await server(transport, .clientSecretPost).authenticateBackchannel(
            BackchannelRequest(scopes: ["openid"], hint: .idToken(SecretBytes("a.b.c"))))
        #expect(
            transport.requests[1].form == [
                "scope=openid", "id_token_hint=a.b.c", "client_id=app", "client_secret=client-s3cret",
            ])
    }

    @Test(
        "an answer without an id is not one; its times are bounded, and the interval is 5 s by default",
        arguments: [
            (#"{"auth_req_id":"x"}"#, 120, 5), (#"{"auth_req_id":"x","expires_in":1e9,"interval":1e9}"#, 86_400, 300),
            (#"{"auth_req_id":"x","expires_in":"60","interval":0.5}"#, 60, 5),
            (#"{"auth_req_id":"x","interval":1.2}"#, 120, 2),
        ])
    func times(body: String, expiresIn: Int, interval: Int) throws {
        let authentication = try BackchannelAuthentication(ProviderReply(HTTPResponse(200, body)))
        #expect(authentication.expiresIn == expiresIn)
        #expect(authentication.interval == interval)
    }

    @Test(
        "a reply that is no answer fails with what the server says",
        arguments: [
            (200, "", "the reply is empty"), (200, "{}", "no usable auth_req_id"),
            (200, #"{"auth_req_id":7}"#, "no usable auth_req_id"),
            (200, #"{"auth_req_id":"a b"}"#, "no usable auth_req_id"),
            (404, "<html>", "no backchannel authentication endpoint"), (503, "", "status 503"), (302, "", "redirect"),
            (400, #"{"error":"invalid_request","error_description":"hint"}"#, "invalid_request: hint"),
        ])
    func failures(status: Int, body: String, expected: String) {
        let failure = #expect(throws: OAuthFailure.self) {
            try BackchannelAuthentication(ProviderReply(HTTPResponse(status, body)))
        }
        #expect(failure?.description.contains(expected) == true, "\(failure?.description ?? "")")
    }

    @Test("each refusal of the specification has its own remedy", arguments: BackchannelRefusal.allCases)
    func refusals(refusal: BackchannelRefusal) async throws {
        let body = #"{"error":"\#(refusal.rawValue)","error_description":"no"}"#
        let status = refusal == .denied ? 403 : 400
        let server = try server(ScriptedTransport(HTTPResponse(status, body)))
        let failure = await #expect(throws: OAuthFailure.self) {
            try await server.authenticateBackchannel(BackchannelRequest(scopes: [], hint: .login("x")))
        }
        guard case .provider(let error)? = failure else { return #expect(Bool(false)) }
        #expect(error.backchannelRefusal == refusal)
        #expect(!refusal.problem.isEmpty && !refusal.hint.isEmpty)
        #expect(ProviderError(code: "invalid_request", status: 400).backchannelRefusal == nil)
    }

    @Test("an echo of a hint token, a user code or the id is not shown")
    func echoes() async throws {
        let echo = #"{"error":"x","error_description":"hint-s3cret code-s3cret"}"#
        let server = try server(
            ScriptedTransport(
                HTTPResponse(400, echo), HTTPResponse(400, #"{"error":"y","error_description":"id-s3cret-id"}"#)))
        var request = BackchannelRequest(scopes: [], hint: .token(SecretBytes("hint-s3cret")))
        request.userCode = SecretBytes("code-s3cret")
        let failure = await #expect(throws: OAuthFailure.self) { try await server.authenticateBackchannel(request) }
        #expect(failure?.description == "x: <redacted> <redacted>")
        guard case .refused(let error) = await server.pollBackchannel(SecretBytes("id-s3cret-id")) else {
            return #expect(Bool(false))
        }
        #expect(error.detail == "<redacted>")
    }

    @Test("without an endpoint nothing is sent")
    func noEndpoint() async throws {
        let transport = ScriptedTransport()
        let server = try server(transport, hasEndpoint: false)
        await #expect(throws: OAuthFailure.self) {
            try await server.authenticateBackchannel(BackchannelRequest(scopes: [], hint: .login("x")))
        }
        #expect(transport.requests.isEmpty)
    }

    @Test("a poll has the grant type and the id, waits for a server that holds it open, and reads replies as ever")
    func poll() async throws {
        let transport = ScriptedTransport([
            .reply(HTTPResponse(400, #"{"error":"authorization_pending"}"#)),
            .reply(HTTPResponse(400, #"{"error":"slow_down","interval":9}"#)),
            .reply(HTTPResponse(403, #"{"error":"access_denied"}"#)),
            .reply(HTTPResponse(400, #"{"error":"expired_token"}"#)),
            .reply(
                HTTPResponse(200, #"{"access_token":"at","token_type":"Bearer","auth_req_id":"x","id_token":"a.b.c"}"#)),
        ])
        let server = try server(transport)
        let id = SecretBytes("x")
        guard case .pending(nil) = await server.pollBackchannel(id),
            case .slowDown(9) = await server.pollBackchannel(id),
            case .denied = await server.pollBackchannel(id), case .expired = await server.pollBackchannel(id),
            case .granted(let grant) = await server.pollBackchannel(id)
        else { return #expect(Bool(false)) }
        #expect(grant.idToken != nil)
        #expect(
            transport.requests[0].form == ["grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba", "auth_req_id=x"])
        #expect(transport.requests.allSatisfy { $0.timeLimit.map { $0 >= .seconds(30) } ?? false })
    }

    @Test("a poll that was held open for too long does not slow the login down")
    func longPoll() async throws {
        let server = try server(ScriptedTransport([.failure(.timedOut("60 s")), .failure(.tls("expired"))]))
        let start = ContinuousClock.now
        var polling = LoginPolling(BackchannelAuthentication(id: SecretBytes("x"), expiresIn: 300), now: start)
        #expect(polling.nextPoll == start + .seconds(5))
        let reply = await server.pollBackchannel(SecretBytes("x"))
        guard case .retrying = polling.received(reply, at: start + .seconds(65)) else { return #expect(Bool(false)) }
        // Counted from the reply, not from the request.
        #expect(polling.nextPoll == start + .seconds(70))
        guard case .untrusted = await server.pollBackchannel(SecretBytes("x")) else { return #expect(Bool(false)) }
    }
}

struct BindingMessageTests {
    @Test("every pair of draws gives two different short words of the list")
    func words() {
        var seen: Set<String> = []
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let message = BindingMessage.twoWords { _ in [first, second] }
                let words = message.split(separator: " ")
                guard words.count == 2, words[0] != words[1], BindingMessage.problem(message) == nil else {
                    return #expect(Bool(false), "\(message)")
                }
                seen.insert(message)
            }
        }
        #expect(seen.count == 256 * 255)
    }

    @Test(
        "a message that a device cannot show is refused",
        arguments: ["", "é", "a\nb", "a\u{1B}[1m", " a", "a  b", String(repeating: "x", count: 21)])
    func refused(text: String) { #expect(BindingMessage.problem(text) != nil) }

    @Test("a message of up to 20 plain characters is accepted")
    func accepted() { #expect(BindingMessage.problem("W4-SCT no. 12345678!") == nil) }
}
