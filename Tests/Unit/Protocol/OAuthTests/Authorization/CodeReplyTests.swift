import OAuth
import SecretMemory
import Testing

struct CodeReplyTests {
    private func name(_ reply: CodeReply) -> String {
        switch reply {
        case .granted(let grant): "granted \(grant.accessToken.revealedText())"
        case .refused(let error): "refused \(error.code)"
        case .lost: "lost"
        case .notSent: "not sent"
        case .unusable: "unusable"
        case .untrusted: "untrusted"
        case .unconfigured: "unconfigured"
        }
    }

    @Test("a code is sent once, with its verifier and the redirect URI of the login")
    func request() async throws {
        let transport = ScriptedTransport(HTTPResponse(200, #"{"access_token":"at","token_type":"bearer"}"#))
        let login = try CodeLogin(transport)
        let reply = await login.server.redeem(
            SecretBytes("c+1"), of: login.transaction, resources: ["https://a.example/"])
        #expect(name(reply) == "granted at")
        #expect(transport.requests.map(\.url.text) == ["https://idp.example/token"])
        #expect(
            transport.requests[0].form == [
                "grant_type=authorization_code", "code=c%2B1",
                "redirect_uri=http%3A%2F%2F127.0.0.1%3A1234%2Fcallback", "code_verifier=verifier-s3cret",
                "resource=https%3A%2F%2Fa.example%2F", "client_id=app",
            ])
    }

    @Test("AWS gets the same as JSON in its own spelling")
    func aws() async throws {
        var dialect = RequestDialect()
        dialect.encoding = .awsJSON
        let transport = ScriptedTransport(
            HTTPResponse(200, #"{"accessToken":"at","tokenType":"Bearer","expiresIn":9}"#))
        let login = try CodeLogin(transport, authentication: .clientSecretPost, dialect: dialect)
        #expect(name(await login.server.redeem(SecretBytes("c"), of: login.transaction)) == "granted at")
        #expect(
            transport.requests[0].body?.revealedText() == """
                {"grantType":"authorization_code","code":"c","redirectUri":"http://127.0.0.1:1234/callback",\
                "codeVerifier":"verifier-s3cret","clientId":"app","clientSecret":"client-s3cret"}
                """)
    }

    @Test(
        "only a reply that certainly left the code unused lets the request be repeated",
        arguments: [
            (400, #"{"error":"invalid_grant"}"#, "refused invalid_grant"),
            (403, #"{"error":"invalid_code"}"#, "refused invalid_code"),
            (401, #"{"error":"invalid_client"}"#, "refused invalid_client"),
            (400, #"{"error":"server_error"}"#, "lost"), (400, #"{"error":"temporarily_unavailable"}"#, "not sent"),
            (429, "", "not sent"), (503, "<html>", "lost"), (503, #"{"error":"temporarily_unavailable"}"#, "not sent"),
            (503, #"{"error":"server_error"}"#, "lost"), (425, "", "not sent"), (408, "", "lost"),
            (407, "", "not sent"), (500, "", "lost"), (502, "<html>", "lost"), (504, "", "lost"),
            (500, #"{"error":"invalid_grant"}"#, "lost"), (302, #"{"access_token":"at"}"#, "unusable"),
            (200, "", "unusable"), (200, "<html>", "unusable"), (200, #"{"token_type":"bearer"}"#, "unusable"),
            (200, #"{"access_token":"at","token_type":"DPoP"}"#, "unusable"),
            (200, #"{"error":"bad_verification_code"}"#, "refused bad_verification_code"),
            (404, "<html>", "unusable"), (400, "", "unusable"),
        ])
    func replies(status: Int, body: String, expected: String) {
        #expect(name(CodeReply(ProviderReply(HTTPResponse(status, body)))) == expected)
    }

    @Test("a server that says when to come back has turned the request away")
    func retryAfter() {
        let response = HTTPResponse(503, "<html>", [("Retry-After", "7")])
        guard case .notSent(_, .seconds(7)?) = CodeReply(ProviderReply(response)) else { return #expect(Bool(false)) }
    }

    @Test(
        "a lost reply is not the same as a request that was never sent",
        arguments: [
            (.unreachable("refused"), "not sent"), (.nameNotFound("x"), "not sent"), (.tls("expired"), "untrusted"),
            (.broken("reset"), "lost"), (.timedOut("30 s"), "lost"), (.malformed("x"), "lost"),
            (.bodyTooLarge(limit: 1), "lost"), (.cancelled, "lost"),
        ] as [(TransportFailure, String)])
    func failures(failure: TransportFailure, expected: String) async throws {
        let login = try CodeLogin(ScriptedTransport([.failure(failure)]))
        #expect(name(await login.server.redeem(SecretBytes("c"), of: login.transaction)) == expected)
    }

    @Test("a server that echoes the code or the verifier does not get them shown")
    func echo() async throws {
        let echo = #"{"error":"x","error_description":"code-s3cret verifier-s3cret"}"#
        let login = try CodeLogin(ScriptedTransport(HTTPResponse(400, echo)))
        guard case .refused(let error) = await login.server.redeem(SecretBytes("code-s3cret"), of: login.transaction)
        else { return #expect(Bool(false)) }
        #expect(error.detail == "<redacted> <redacted>")
    }
}

struct PushedRequestTests {
    private let reference = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"

    private func push(
        _ response: HTTPResponse, _ authentication: ClientAuthentication = .none
    ) async throws -> (PushedRequest, ScriptedTransport, CodeLogin) {
        let transport = ScriptedTransport(response)
        let login = try CodeLogin(transport, authentication: authentication)
        let pushed = try await login.server.pushAuthorization(
            AuthorizationRequest(scopes: ["openid"]), login.transaction)
        return (pushed, transport, login)
    }

    @Test("a push sends all parameters and the client's proof; the address has the reference alone")
    func push() async throws {
        let reply = HTTPResponse(201, #"{"request_uri":"\#(reference)","expires_in":90}"#)
        let (pushed, transport, login) = try await push(reply)
        #expect(pushed.expiresIn == 90)
        #expect(transport.requests.map(\.url.text) == ["https://idp.example/par"])
        #expect(transport.requests[0].form.filter { $0.hasPrefix("client_id=") } == ["client_id=app"])
        #expect(transport.requests[0].form.contains("code_challenge_method=S256"))
        #expect(!transport.requests[0].form.contains { $0.hasPrefix("request_uri") || $0.hasPrefix("code_verifier") })
        let address = try login.server.authorizationURL(
            AuthorizationRequest(scopes: ["openid"]), login.transaction, pushed: pushed)
        #expect(
            address
                == "https://idp.example/authorize?client_id=app&request_uri="
                + reference.replacing(":", with: "%3A"))
    }

    @Test("a confidential client authenticates as at the token endpoint, and names itself once")
    func confidential() async throws {
        let reply = HTTPResponse(200, #"{"request_uri":"\#(reference)"}"#)
        let (basic, basicTransport, _) = try await push(reply, .clientSecretBasic)
        #expect(basic.expiresIn == 30)
        #expect(basicTransport.requests[0].header("Authorization")?.hasPrefix("Basic ") == true)
        #expect(basicTransport.requests[0].form.filter { $0.hasPrefix("client_id=") } == ["client_id=app"])
        let (_, posted, _) = try await push(reply, .clientSecretPost)
        #expect(posted.requests[0].form.suffix(1) == ["client_secret=client-s3cret"])
        #expect(posted.requests[0].form.filter { $0.hasPrefix("client_id=") } == ["client_id=app"])
    }

    @Test(
        "a refused push says what the server says, and an unavailable server is not a refusal",
        arguments: [
            (400, #"{"error":"invalid_request","error_description":"no"}"#, "invalid_request: no"),
            (401, #"{"error":"invalid_client"}"#, "invalid_client"), (429, "", "status 429"), (503, "", "status 503"),
            (405, "", "cannot be pushed"), (413, "", "cannot be pushed"), (404, "<html>", "cannot be pushed"),
            (201, "", "the reply is empty"), (201, #"{"expires_in":90}"#, "no usable request_uri"),
            (201, #"{"request_uri":"a b"}"#, "no usable request_uri"),
            (201, #"{"request_uri":7}"#, "no usable request_uri"),
            (201, #"{"request_uri":"\#(String(repeating: "u", count: 1025))"}"#, "no usable request_uri"),
            (302, "", "redirect"),
        ])
    func refused(status: Int, body: String, expected: String) async {
        let failure = await #expect(throws: OAuthFailure.self) { try await push(HTTPResponse(status, body)) }
        #expect(failure?.description.contains(expected) == true, "\(failure?.description ?? "")")
        if case .transport? = failure { #expect([429, 503].contains(status)) }
    }
}
