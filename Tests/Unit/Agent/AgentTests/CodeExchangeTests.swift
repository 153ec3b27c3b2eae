import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// The exchange of a code, which is sent once, at the server that the login has recorded.
struct CodeExchangeTests {
    /// Starts a login, has the provider answer the exchange so, and returns the last event.
    private func exchange(_ fixture: CodeLoginFixture, _ answer: FakeProvider.Answer) async throws -> LoginEvent? {
        let (log, prompt) = try await fixture.pending()
        fixture.agent.provider.script(.token, answer)
        let response = try fixture.response(to: prompt)
        #expect(fixture.listeners.opened.last?.take(response) == .accepted)
        return await log.events().last
    }

    @Test(
        "a reply that is lost ends the login: start again, and the code is not sent twice",
        arguments: [
            FakeProvider.Answer.failure(.broken("the connection was reset")), .failure(.timedOut("no reply in 30 s")),
            .json(502, "<html>Bad Gateway</html>"),
        ])
    func lost(answer: FakeProvider.Answer) async throws {
        let fixture = try CodeLoginFixture()
        guard case .failed(let failure)? = try await exchange(fixture, answer) else { return #expect(Bool(false)) }
        // Not a code by which a script would try again: that would need the user.
        #expect(failure.code == "reply_lost")
        #expect(failure.detail.contains("a code is not sent twice") && failure.hint.contains("start again"))
        #expect(fixture.agent.provider.requests(.token).count == 1)
    }

    @Test("a request that never reached the provider is repeated while the code lives")
    func notSent() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        fixture.agent.provider.script(
            .token, .failure(.unreachable("connection refused")), .json(429, ""), .grant(access: "a1", refresh: "r1"))
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        await fixture.agent.passInterval(1)
        await fixture.agent.passInterval(2)
        #expect(await fixture.isDone(log))
        let sent = fixture.agent.provider.requests(.token)
        #expect(sent.count == 3 && Set(sent).count == 1)
        #expect(log.soFar.contains { if case .retrying = $0 { true } else { false } })
    }

    @Test("a login whose time is up during the exchange is kept: the user has approved")
    func timeUp() async throws {
        let fixture = try CodeLoginFixture()
        let settings = LoginSettings(issuer: FakeProvider.issuer, clientID: "native", scopes: ["files"])
        let log = try await fixture.agent.login(LoginRequest(settings: settings, timeout: 30))
        let prompt = try #require(await log.prompt())
        let gate = Gate()
        fixture.agent.provider.hold(at: gate)
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        await eventually { fixture.agent.provider.requests(.token).count == 1 }
        fixture.agent.time.advance(by: .seconds(30))
        gate.open()
        #expect(await fixture.isDone(log))
        #expect(try await fixture.agent.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("a login that is cancelled during the exchange is not kept, and its tokens are revoked")
    func cancelled() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        let gate = Gate()
        fixture.agent.provider.hold(at: gate)
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        await eventually { fixture.agent.provider.requests(.token).count == 1 }
        let (agent, name) = (fixture.agent.agent, fixture.name)
        let cancel = Task { try await agent.cancelLogin(name) }
        // Nothing shows from outside that the order has arrived; the request waits at the gate meanwhile.
        for _ in 0..<10_000 { await Task.yield() }
        gate.open()
        try await cancel.value
        let failure = await fixture.failure(log)
        #expect(failure?.code == "cancelled" && failure?.detail.contains("after the user had approved") == true)
        #expect(failure?.detail.hasSuffix("its tokens are revoked") == true)
        #expect(fixture.lastRequest(.revocation)["token"] == "r1")
        await #expect(throws: Problem.self) { try await agent.token(name, TokenRequest()) }
    }

    @Test("an error of the provider cannot pass for one of the agent's", arguments: ["locked", "provider_unreachable"])
    func ownWords(error: String) async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt, error: error)) == .declined)
        #expect(await fixture.failure(log)?.code == "provider_rejected")
    }

    @Test("a refused code ends the login with the provider's reason")
    func refused() async throws {
        let fixture = try CodeLoginFixture()
        guard case .failed(let failure)? = try await exchange(fixture, .error("invalid_grant")) else {
            return #expect(Bool(false))
        }
        #expect(failure.code == "invalid_grant" && failure.detail.contains("the code that it has just issued"))
        #expect(fixture.agent.provider.requests(.token).count == 1)
    }

    @Test("a reply without a usable token ends the login")
    func unusable() async throws {
        let fixture = try CodeLoginFixture()
        guard case .failed(let failure)? = try await exchange(fixture, .json(200, "{}")) else {
            return #expect(Bool(false))
        }
        #expect(failure.code == "bad_response")
    }

    @Test("the code goes to the token endpoint that was known when the address was shown")
    func recordedServer() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        // The provider's metadata changes while the user logs in.
        fixture.agent.provider.script(
            .metadata,
            .json(
                200,
                """
                {"issuer":"\(FakeProvider.issuer)","authorization_endpoint":"https://evil.example/authorize",
                "token_endpoint":"https://evil.example/token"}
                """))
        fixture.agent.time.advance(by: .seconds(300))
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        #expect(await fixture.isDone(log))
        #expect(fixture.agent.provider.urls(.token) == [FakeProvider.issuer + "/token"])
    }

    @Test(
        "with openid a nonce is sent, and an ID token without it, or with another, is refused and its tokens revoked",
        arguments: [true, false, nil])
    func nonce(isRight: Bool?) async throws {
        let fixture = try CodeLoginFixture()
        let signer = try TokenSigner()
        fixture.agent.provider.script(.keys, .json(200, try TokenSigner.keySet(signer)))
        let (log, prompt) = try await fixture.pending { $0.scopes = ["openid"] }
        let sent = try #require(CodeLoginFixture.parameters(of: prompt)["nonce"])
        let wall = fixture.agent.time.wall
        var claims: [String: String?] = [
            "iss": "\"\(FakeProvider.issuer)\"", "sub": #""ann""#, "aud": #""native""#, "iat": "\(wall)",
            "exp": "\(wall + 300)",
        ]
        if let isRight { claims["nonce"] = "\"\(isRight ? sent : "other")\"" }
        fixture.agent.provider.script(
            .token, .grant(access: "a1", refresh: "r1", idToken: try signer.token(claims)))
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        switch await log.events().last {
        case .done(let result)?: #expect(isRight == true && result.subject == "ann")
        case .failed(let failure)?:
            #expect(isRight != true && failure.code == "bad_id_token" && failure.detail.contains("nonce"))
            #expect(failure.detail.hasSuffix("its tokens are revoked"))
        default: #expect(Bool(false))
        }
    }

    @Test("a client secret is sent as the provider takes it; if not as HTTP Basic, then in the body")
    func clientSecret() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending { $0.clientSecret = "s3cret" }
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        #expect(await fixture.isDone(log))
        let request = try #require(fixture.agent.provider.all(.token).first)
        #expect(request.headers.contains { $0.name == "Authorization" && $0.value.hasPrefix("Basic ") })
    }
}
