import Agent
import AgentAPI
import Crypto
import Formats
import Foundation
import OAuth
import TestSupport
import Testing
import Vault

/// Logins by authorization code (RFC 6749 §4.1, RFC 7636, RFC 8252).
struct CodeLoginTests {
    @Test("a response at the listener completes the login; its address, listener and exchange have what the RFCs want")
    func listener() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        let listener = try #require(fixture.listeners.opened.first)
        #expect(prompt.grant == .code && prompt.expiresIn == 600 && prompt.interval == nil && prompt.userCode == nil)
        #expect(prompt.redirectURI == "http://127.0.0.1:40000/callback" && prompt.note == nil)
        #expect(prompt.shortURI?.wholeMatch(of: /http:\/\/127\.0\.0\.1:40000\/[a-z2-9]{6}/) != nil)
        #expect(listener.redirectURI.text == "http://127.0.0.1/callback" && listener.target == prompt.authorizationURI)
        let asked = try CodeLoginFixture.parameters(of: prompt)
        #expect(asked["response_type"] == "code" && asked["client_id"] == "native" && asked["scope"] == "files")
        #expect(asked["redirect_uri"] == prompt.redirectURI && asked["code_challenge_method"] == "S256")
        #expect(asked["state"]?.utf8.count ?? 0 >= 22 && asked["nonce"] == nil)

        #expect(listener.take(try fixture.response(to: prompt)) == .accepted)
        #expect(await fixture.isDone(log))
        let sent = fixture.lastRequest(.token)
        #expect(sent["grant_type"] == "authorization_code" && sent["code"] == "c0de" && sent["client_id"] == "native")
        #expect(sent["redirect_uri"] == prompt.redirectURI)
        let verifier = try #require(sent["code_verifier"])
        #expect(verifier.utf8.count == 43)
        #expect(Base64URL.encode(Array(SHA256.hash(data: Data(verifier.utf8)))) == asked["code_challenge"])
        #expect(listener.isClosed)
        #expect(try await fixture.agent.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("a client hands over the whole address, its query, or base64 of it", arguments: [0, 1, 2])
    func handedOver(form: Int) async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        let query = try fixture.response(to: prompt)
        let address = "\(prompt.redirectURI ?? "")?\(query)"
        let text = [address, query, Data(address.utf8).base64EncodedString()][form]
        #expect(try await fixture.answer(text) == LoginResponseReply(account: fixture.name, accepted: true))
        #expect(await fixture.isDone(log))
    }

    @Test("each login has its own state, verifier, short path and port")
    func fresh() async throws {
        let fixture = try CodeLoginFixture()
        var seen: [Set<String>] = []
        for _ in 0..<2 {
            let (log, prompt) = try await fixture.pending { $0.scopes = ["openid"] }
            let asked = try CodeLoginFixture.parameters(of: prompt)
            seen.append(
                Set([asked["state"], asked["code_challenge"], asked["nonce"], prompt.shortURI].compactMap(\.self)))
            try await fixture.agent.agent.cancelLogin(fixture.name)
            #expect(await fixture.failure(log)?.code == "cancelled")
        }
        #expect(seen.allSatisfy { $0.count == 4 } && seen[0].isDisjoint(with: seen[1]))
        #expect(fixture.listeners.opened.map(\.isClosed) == [true, true])
    }

    @Test("a second client that joins sees the same address, and others' settings are refused")
    func joined() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        fixture.agent.time.advance(by: .seconds(100))
        let second = try #require(
            await EventLog(
                try await fixture.agent.agent.login(fixture.name, LoginRequest(), within: CallerLimits())
            ).prompt())
        #expect(second.authorizationURI == prompt.authorizationURI && second.shortURI == prompt.shortURI)
        #expect(second.expiresIn == 500)
        await #expect(throws: Problem.self) { try await fixture.login { $0.grant = "device" } }
        var demanding = LoginRequest()
        demanding.acrValues = ["phr"]
        await #expect(throws: Problem.self) {
            try await fixture.agent.agent.login(fixture.name, demanding, within: CallerLimits())
        }
        #expect(fixture.listeners.opened.count == 1)
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        #expect(await fixture.isDone(log))
    }

    @Test("the user's refusal ends the login with the provider's error, and the reply of the route has it too")
    func denied() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        let reply = try await fixture.answer(
            try fixture.response(
                to: prompt, error: "access_denied",
                more: [URLQueryItem(name: "error_description", value: "no\u{1b}[2J, thanks")]))
        #expect(reply.accepted && reply.detail == "the provider answered access_denied: no, thanks")
        let failure = await fixture.failure(log)
        #expect(failure?.code == "access_denied" && failure?.detail == "no, thanks")
        #expect(fixture.agent.provider.requests(.token).isEmpty)
        #expect(fixture.listeners.opened[0].isClosed)
    }

    @Test(
        "errors of the provider have hints that fit a login by code",
        arguments: [
            ("login_required", "leave out 'prompt'"), ("unauthorized_client", "--device"),
            ("invalid_request", "--scope"),
            ("temporarily_unavailable", "later"), ("invalid_request_uri", "par = false"),
        ])
    func hints(error: String, words: String) async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt, error: error)) == .declined)
        let failure = await fixture.failure(log)
        #expect(failure?.code == error && failure?.hint.contains(words) == true, "\(String(describing: failure))")
    }

    @Test("ten minutes after the start the login ends, also across a suspend; a response is late then")
    func expiry() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending()
        await eventually { fixture.agent.time.hasSleeper(within: .seconds(600)) }
        fixture.agent.time.advance(by: .seconds(7200))
        let failure = await fixture.failure(log)
        #expect(failure?.code == "timeout" && failure?.detail.contains("600 s") == true)
        let listener = fixture.listeners.opened[0]
        let late = try fixture.response(to: prompt)
        #expect(listener.isClosed && listener.take(late) == .ignored)
        await #expect(throws: Problem.self) { try await fixture.answer(try fixture.response(to: prompt)) }
        #expect(fixture.agent.provider.requests(.token).isEmpty)
    }

    @Test("an https redirect URI has no listener: its response is handed over")
    func pasteOnly() async throws {
        let fixture = try CodeLoginFixture()
        let (log, prompt) = try await fixture.pending { $0.redirectURI = "https://app.example/back" }
        #expect(prompt.shortURI == nil && prompt.redirectURI == "https://app.example/back")
        #expect(fixture.listeners.opened.isEmpty)
        let query = try fixture.response(to: prompt)
        #expect(try await fixture.answer("https://evil.example/back?\(query)").accepted == false)
        #expect(try await fixture.answer("https://app.example/back?\(query)").accepted)
        #expect(await fixture.isDone(log))
    }

    @Test("a port that another program has ends the login, and names the program")
    func portTaken() async throws {
        for (holder, words) in [
            (.program(name: "python3", pid: 42), "'python3' (pid 42)"),
            (.user(1001), "a program of user 1001"), (nil, "another program"),
            (.login(of: "other"), "the pending login of 'other'"),
        ] as [(PortHolder?, String)] {
            let fixture = try CodeLoginFixture()
            fixture.listeners.fail(.portTaken(port: 8400, holder: holder))
            let log = try await fixture.login { $0.redirectURI = "http://127.0.0.1:8400/callback" }
            let failure = await fixture.failure(log)
            #expect(failure?.code == "configuration_error" && failure?.detail.contains("port 8400") == true)
            #expect(failure?.detail.contains(words) == true, "\(String(describing: failure))")
        }
    }

    @Test("without a loopback address the login goes on by handing the response over")
    func noListener() async throws {
        let fixture = try CodeLoginFixture()
        fixture.listeners.fail(.unavailable(detail: "cannot listen at 127.0.0.1: no such address"))
        let (log, prompt) = try await fixture.pending()
        #expect(prompt.redirectURI == "http://127.0.0.1/callback" && prompt.shortURI == nil)
        #expect(prompt.note?.contains("no such address") == true)
        #expect(try await fixture.answer(try fixture.response(to: prompt)).accepted)
        #expect(await fixture.isDone(log))
    }

    @Test("a bare code is taken only if the caller says so")
    func bareCode() async throws {
        let fixture = try CodeLoginFixture(.init(sendsIssuer: nil))
        let (log, _) = try await fixture.pending()
        let refused = try await fixture.answer("c0de-of-8")
        #expect(!refused.accepted && refused.detail != nil)
        // A word that was typed by mistake is not sent.
        #expect(try await fixture.answer("y", bareCode: true).accepted == false)
        try #require(try await fixture.answer("c0de-of-8", bareCode: true).accepted)
        #expect(await fixture.isDone(log) && fixture.lastRequest(.token)["code"] == "c0de-of-8")
    }

    @Test("a login by device code takes no response")
    func otherGrant() async throws {
        let fixture = try AgentFixture()
        let log = try await fixture.login()
        #expect(await log.prompt() != nil)
        let reply = try await fixture.agent.answerLogin(fixture.name, LoginResponse(response: "code=a&state=b"))
        #expect(!reply.accepted && reply.detail?.contains("on another device") == true)
        try await fixture.agent.cancelLogin(fixture.name)
    }

    @Test("a hook gets the address once, and no secret of the login but what the address has")
    func hook() async throws {
        let runner = RecordingRunner()
        let fixture = try CodeLoginFixture(.init(pushed: "par"), hooks: runner.hooks)
        let background = Task { try? await fixture.agent.agent.run() }
        defer { background.cancel() }
        fixture.agent.provider.script(.par, .json(201, #"{"request_uri":"urn:a:1","expires_in":60}"#))
        let (log, prompt) = try await fixture.pending()
        let facts = try #require(await runner.waited(for: 1).first)
        #expect(facts.facts["authorization_uri"] as? String == prompt.authorizationURI)
        #expect(facts.facts["issuer"] as? String == FakeProvider.issuer && facts.facts["user_code"] == nil)
        // A hook may print it, and what it prints is logged.
        #expect((facts.facts["message"] as? String)?.contains("https://") == false)
        fixture.agent.provider.script(.par, .json(201, #"{"request_uri":"urn:a:2","expires_in":60}"#))
        await fixture.agent.passInterval(60)
        await eventually { log.soFar.count == 2 }
        #expect(runner.runs.count == 1)
        try await fixture.agent.agent.cancelLogin(fixture.name)
    }
}
