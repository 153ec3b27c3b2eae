import Agent
import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// Logins that are approved on the user's phone.
struct CibaLoginTests {
    @Test("a login asks with one hint, the scope openid and two words, shows the words, and polls for the tokens")
    func login() async throws {
        let fixture = try CibaFixture()
        fixture.grant("a1", idToken: try fixture.idToken())
        let log = try await fixture.agent.login(LoginRequest())
        let prompt = try #require(await log.prompt())
        let words = try #require(prompt.bindingMessage)
        #expect(words.split(separator: " ").count == 2 && words.utf8.count <= 20, "\(words)")
        #expect(prompt.grant == .ciba)
        #expect(prompt.interval == 5)
        #expect((100...120).contains(prompt.expiresIn))
        #expect(prompt.scope == "openid mail")
        #expect(prompt.userCode == nil && prompt.address == nil)
        await fixture.agent.passInterval()
        guard case .done(let result)? = await log.events().last else {
            Issue.record("\(log.soFar)")
            return
        }
        #expect(result.subject == "ann")
        let question = try #require(fixture.questions.first)
        #expect(question["login_hint"] == "ann@example.com")
        #expect(question["binding_message"] == words)
        #expect(question["scope"] == "openid mail")
        #expect(question["id_token_hint"] == nil && question["login_hint_token"] == nil)
        #expect(question["requested_expiry"] == nil && question["user_code"] == nil)
        #expect(question["client_notification_token"] == nil)
        let poll = CibaFixture.form(try #require(fixture.provider.requests(.token).first))
        #expect(poll["grant_type"] == "urn:openid:params:grant-type:ciba")
        #expect(poll["auth_req_id"] == "secret-request")
        #expect(try await fixture.agent.agent.token(fixture.agent.name, TokenRequest()).accessToken == "a1")
    }

    @Test("the scope openid is added if the account's file does not name it, and counts as requested")
    func openID() async throws {
        let fixture = try CibaFixture()
        try fixture.agent.files.file(
            "user/work.toml",
            """
            issuer = "\(FakeProvider.issuer)"
            client_id = "tv"
            client_secret_file = "\(fixture.agent.files.path)/secret"
            scopes = ["mail"]
            login_hint = "ann@example.com"
            grant = "ciba"
            """, mode: 0o600)
        guard case .done(let result)? = try await fixture.logIn(try fixture.idToken()) else {
            Issue.record("no login")
            return
        }
        #expect(fixture.questions.first?["scope"] == "openid mail")
        #expect(result.scope == "openid mail")
    }

    @Test("a login without a verified ID token is discarded and revoked, whatever the account's file expects")
    func identity() async throws {
        let forged = try TokenSigner()
        let cases: [(String, [String: String?]?, TokenSigner?)] = [
            ("it sent no ID token", nil, nil), ("its signature is wrong", [:], forged),
            ("it is for another client", ["aud": #""other""#], nil), ("it has expired", ["exp": "1700000000"], nil),
        ]
        for (reason, changes, signer) in cases {
            let fixture = try CibaFixture()
            let idToken = try changes.map { try fixture.idToken($0, signer: signer) }
            guard case .failed(let failure)? = try await fixture.logIn(idToken) else {
                Issue.record("\(reason): the login is kept")
                continue
            }
            #expect(failure.code == "bad_id_token", "\(failure)")
            #expect(failure.detail.contains("its tokens are revoked"), "\(failure.detail)")
            #expect(fixture.provider.requests(.revocation).contains { $0.contains("token=r-a1") }, "\(reason)")
            #expect(fixture.agent.keyring.records.isEmpty)
        }
    }

    @Test("a login of another person than expected, or than that of the login before, is discarded")
    func subject() async throws {
        let fixture = try CibaFixture("grant = \"ciba\"\nexpected_subject = \"ann\"")
        guard case .failed(let failure)? = try await fixture.logIn(try fixture.idToken(["sub": #""eve""#])) else {
            Issue.record("the login is kept")
            return
        }
        #expect(failure.code == "wrong_subject")
        let other = try CibaFixture()
        _ = try await other.logIn(try other.idToken())
        guard case .failed(let failure)? = try await other.logIn(try other.idToken(["sub": #""bob""#])) else {
            Issue.record("the login is kept")
            return
        }
        #expect(failure.code == "wrong_subject")
        #expect(failure.hint.contains("authagent logout"), "\(failure.hint)")
        #expect(try await other.status().subject == "ann")
        _ = try await other.agent.agent.logout(other.agent.name, LogoutRequest())
        guard case .done(let result)? = try await other.logIn(try other.idToken(["sub": #""bob""#])) else {
            Issue.record("the login is not kept")
            return
        }
        #expect(result.subject == "bob")
    }

    @Test("callers other than the owner put three questions a day at most, and none after a decline")
    func others() async throws {
        let fixture = try CibaFixture()
        let limits = CallerLimits(user: 4242)
        func ask() async throws -> LoginFailure? {
            let log = try await fixture.agent.login(LoginRequest(), within: limits)
            await eventually { !log.soFar.isEmpty }
            if case .failed(let failure)? = log.soFar.first { return failure }
            try await fixture.agent.agent.cancelLogin(fixture.agent.name)
            _ = await log.events()
            return nil
        }
        #expect(try await ask() == nil)
        for _ in 0..<3 {
            let failure = try #require(try await ask())
            #expect(failure.code == "too_many_requests", "\(failure)")
        }
        #expect(fixture.questions.count == 1)
        // The owner's questions are not counted.
        guard case .done? = try await fixture.logIn(try fixture.idToken()) else {
            Issue.record("no login")
            return
        }
        fixture.time.advance(by: .seconds(3601))
        fixture.provider.script(.token, .error("access_denied"))
        let log = try await fixture.agent.login(LoginRequest(), within: limits)
        _ = await log.prompt()
        await fixture.agent.passInterval()
        _ = await log.events()
        fixture.time.advance(by: .seconds(3 * 86_400))
        #expect(try await ask()?.code == "too_many_requests")
        #expect(fixture.questions.count == 3)
    }

    @Test("no client is registered for a login that the provider's metadata does not offer")
    func unregistered() async throws {
        let fixture = try CibaFixture()
        fixture.publish(
            #""registration_endpoint":"https://issuer.example/register","backchannel_authentication_endpoint":"https://issuer.example/backchannel","backchannel_token_delivery_modes_supported":["ping"]"#
        )
        try fixture.agent.files.file(
            "user/work.toml",
            "issuer = \"\(FakeProvider.issuer)\"\ngrant = \"ciba\"\nlogin_hint = \"ann\"\n", mode: 0o600)
        #expect(try await fixture.failure()?.code == "configuration_error")
        #expect(fixture.provider.requests(.register).isEmpty)
    }

    @Test("what cannot end well is refused before anything is on the phone, with the remedy")
    func unsuitable() async throws {
        let noEndpoint = try CibaFixture()
        noEndpoint.publish(#""response_types_supported":["code"]"#)
        let pushOnly = try CibaFixture()
        pushOnly.publish(
            #""backchannel_authentication_endpoint":"https://issuer.example/backchannel","backchannel_token_delivery_modes_supported":["ping"]"#
        )
        let publicClient = try CibaFixture()
        try publicClient.agent.files.file(
            "user/work.toml",
            """
            issuer = "\(FakeProvider.issuer)"
            client_id = "tv"
            login_hint = "ann@example.com"
            grant = "ciba"
            """, mode: 0o600)
        for (fixture, code, words, hint) in [
            (noEndpoint, "ciba_unsupported", "names no backchannel authentication endpoint", "--code"),
            (pushOnly, "configuration_error", "not the mode 'poll'", "--device"),
            (publicClient, "configuration_error", "neither a secret nor a key", "--client-secret-file"),
        ] {
            let failure = try #require(try await fixture.failure())
            #expect(failure.code == code, "\(failure)")
            #expect(failure.detail.contains(words), "\(failure.detail)")
            #expect(failure.hint.contains(hint), "\(failure.hint)")
            #expect(fixture.questions.isEmpty)
        }
    }

    @Test("each refusal of the question has its words and its remedy")
    func refusals() async throws {
        for (code, status, hint) in [
            ("unknown_user_id", 400, "--login-hint"), ("missing_user_code", 400, "authagent login work --user-code"),
            ("invalid_user_code", 400, "authagent login work --user-code"), ("invalid_binding_message", 400, ""),
            ("unauthorized_client", 400, ""), ("access_denied", 403, ""),
        ] {
            let fixture = try CibaFixture()
            fixture.provider.script(.backchannel, .error(code, status: status))
            let failure = try #require(try await fixture.failure())
            #expect(failure.code == code)
            #expect(!failure.detail.isEmpty && !failure.hint.isEmpty)
            #expect(failure.hint.contains(hint), "\(failure.hint)")
            #expect(fixture.provider.requests(.token).isEmpty)
        }
    }

    @Test("a declined question ends the login with access_denied, a question without an answer with expired_token")
    func ends() async throws {
        let fixture = try CibaFixture()
        fixture.provider.script(.token, .error("authorization_pending"), .error("slow_down"), .error("access_denied"))
        let log = try await fixture.agent.login(LoginRequest())
        await fixture.agent.passInterval()
        await fixture.agent.passInterval()
        await fixture.agent.passInterval(10)
        guard case .failed(let failure)? = await log.events().last else {
            Issue.record("\(log.soFar)")
            return
        }
        #expect(failure.code == "access_denied")
        #expect(log.soFar.contains(.slowed(interval: 10)))

        fixture.answer(expiresIn: 12)
        fixture.provider.script(.token, .error("authorization_pending"))
        let other = try await fixture.agent.login(LoginRequest())
        await fixture.agent.passInterval()
        await fixture.agent.passInterval()
        guard case .failed(let failure)? = await other.events().last else {
            Issue.record("\(other.soFar)")
            return
        }
        #expect(failure.code == "expired_token")
    }

    @Test("a user code is sent with the question and nowhere else; without CIBA it is refused")
    func userCode() async throws {
        let fixture = try CibaFixture()
        var request = LoginRequest()
        request.userCode = "1234-canary"
        _ = try await fixture.logIn(try fixture.idToken(), request)
        #expect(fixture.questions.first?["user_code"] == "1234-canary")
        #expect(!fixture.provider.requests(.token).joined().contains("canary"))
        #expect(!fixture.agent.keyring.records.values.contains { $0.secret.revealedText().contains("canary") })
        let device = try CibaFixture("")
        await #expect(throws: Problem.self) { _ = try await device.agent.login(request) }
        // What is refused leaves no login pending, which nothing would end.
        await #expect { try await device.agent.agent.cancelLogin(device.agent.name) } throws: {
            ($0 as? Problem)?.code == .notFound
        }
    }

    @Test("cancelled, a login polls no more and keeps nothing")
    func cancelled() async throws {
        let fixture = try CibaFixture()
        let log = try await fixture.agent.login(LoginRequest())
        _ = await log.prompt()
        try await fixture.agent.agent.cancelLogin(fixture.agent.name)
        guard case .failed(let failure)? = await log.events().last else {
            Issue.record("\(log.soFar)")
            return
        }
        #expect(failure.code == "cancelled")
        #expect(fixture.provider.requests(.token).isEmpty)
    }
}
