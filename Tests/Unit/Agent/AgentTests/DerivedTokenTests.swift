import Agent
import AgentAPI
import Foundation
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// Tokens that are made from those of another account (RFC 8693, RFC 7523 §2.1).
struct DerivedTokenTests {
    /// 'work' is logged in, and 'one' is made from it.
    private func fixture(subject: String = "a1", refresh: String? = "r1") async throws -> MachineFixture {
        let fixture = try MachineFixture()
        try fixture.putExchange("one", of: "work", "audience = \"api\"")
        _ = try await fixture.agent.completeLogin(access: subject, refresh: refresh)
        return fixture
    }

    private var reason: String { Problem.subjectLoginRequired }

    @Test("a token is exchanged for the subject's, with its type and the account's audience")
    func exchange() async throws {
        let fixture = try await fixture()
        fixture.provider.script(.token, .exchanged("x1"))
        let reply = try await fixture.agent.agent.token(
            try MachineFixture.name("one"), TokenRequest(), within: CallerLimits())
        #expect(reply.accessToken == "x1" && reply.issuedTokenType == "urn:ietf:params:oauth:token-type:access_token")
        let form = try #require(fixture.forms("token-exchange").first)
        #expect(form["subject_token"] == "a1" && form["audience"] == "api" && form["client_id"] == "gate")
        #expect(form["subject_token_type"] == "urn:ietf:params:oauth:token-type:access_token")
        #expect(form["actor_token"] == nil && form["requested_token_type"] == nil)
        let status = try await fixture.agent.agent.status(of: try MachineFixture.name("one"))
        #expect(status.derivedFrom?.description == "work" && status.grant == "token_exchange")
    }

    @Test("200 requests at once are one exchange and one refresh of the subject")
    func singleFlight() async throws {
        let fixture = try await fixture()
        fixture.agent.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"), .exchanged("x1"))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<200 { group.addTask { try await fixture.token("one") } }
            for try await token in group { #expect(token == "x1") }
        }
        #expect(fixture.forms("token-exchange").map { $0["subject_token"] } == ["a2"])
        #expect(fixture.forms("refresh_token").count == 1)
    }

    @Test("a subject without a login is named, also through a chain, and its login repairs it at once")
    func noLogin() async throws {
        let fixture = try MachineFixture()
        try fixture.put("work", "client_id = \"tv\"", "scopes = [\"openid\"]")
        try fixture.putExchange("one", of: "work")
        try fixture.putExchange("two", of: "one")
        for name in ["one", "two"] {
            let problem = try await fixture.problem(name)
            #expect(problem?.code == .loginRequired && problem?.reason == reason)
            #expect(problem?.detail.contains("'work'") == true && problem?.hint == "run 'authagent login work'")
        }
        #expect(fixture.provider.requests(.token).isEmpty)
        _ = try await fixture.agent.completeLogin()
        fixture.provider.script(.token, .exchanged("x1"), .exchanged("x2"))
        #expect(try await fixture.token("two") == "x2")
        #expect(fixture.forms("token-exchange").map { $0["subject_token"] } == ["a1", "x1"])
    }

    @Test("the logout of the first account of a chain empties all that were made from it")
    func logout() async throws {
        let fixture = try await fixture()
        try fixture.putExchange("two", of: "one")
        fixture.provider.script(.token, .exchanged("x1"), .exchanged("x2"))
        #expect(try await fixture.token("two") == "x2")
        _ = try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest())
        for name in ["one", "two"] {
            #expect(try await fixture.problem(name)?.reason == reason)
            let status = try await fixture.agent.agent.status(of: try MachineFixture.name(name))
            #expect(status.state == .loginRequired && status.expiresAt == nil)
        }
        #expect(fixture.forms("token-exchange").count == 2)
    }

    @Test("status names the login that is missing, also through a chain, before any token is requested")
    func statusAfterLogout() async throws {
        let fixture = try await fixture()
        try fixture.putExchange("two", of: "one")
        fixture.provider.script(.token, .exchanged("x1"), .exchanged("x2"))
        #expect(try await fixture.token("two") == "x2")
        _ = try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest())
        for name in ["one", "two"] {
            let status = try await fixture.agent.agent.status(of: try MachineFixture.name(name))
            #expect(status.state == .loginRequired && status.hint == "run 'authagent login work'")
            #expect(status.lastError?.contains("'work'") == true)
        }
        _ = try await fixture.agent.completeLogin()
        for name in ["one", "two"] {
            #expect(try await fixture.agent.agent.status(of: try MachineFixture.name(name)).state == .ok)
        }
    }

    @Test("an ID token that the subject does not have is a fault of the configuration")
    func lacksIDToken() async throws {
        let fixture = try MachineFixture()
        try fixture.putExchange("one", of: "work", "subject_token = \"id_token\"")
        _ = try await fixture.agent.completeLogin()
        let problem = try await fixture.problem("one")
        #expect(problem?.code == .configurationError && problem?.detail.contains("'work'") == true)
    }

    @Test("an exchange that is under way when the subject logs out brings no token")
    func logoutMeanwhile() async throws {
        let fixture = try await fixture()
        fixture.provider.script(.token, .exchanged("x1"))
        let gate = Gate()
        fixture.provider.hold(at: gate)
        let request = Task { try await fixture.token("one") }
        await gate.arrived()
        let logout = Task {
            try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest(local: true))
        }
        await gate.arrived()
        _ = try await logout.value
        gate.open()
        await #expect(throws: Problem.self) { try await request.value }
        #expect(try await fixture.problem("one")?.reason == reason)
    }

    @Test(
        "a login whose exchange is under way when the subject logs out fails and keeps no token",
        arguments: [true, false])
    func logoutDuringLogin(isKnown: Bool) async throws {
        let fixture = try await fixture()
        fixture.provider.script(.token, .exchanged("x1"))
        if isKnown { _ = try await fixture.token("one") }
        let gate = Gate()
        fixture.provider.hold(at: gate)
        let login = Task { try await fixture.login("one") }
        await gate.arrived()
        _ = try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest(local: true))
        gate.open()
        guard case .failed(let failure)? = try await login.value else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.code == reason && failure.hint == "run 'authagent login work'")
        #expect(try await fixture.problem("one")?.reason == reason)
        #expect(try await fixture.agent.agent.status(of: MachineFixture.name("one")).expiresAt == nil)
    }

    @Test("a reload that turns a chain round while a request waits leaves no account hanging", .timeLimit(.minutes(1)))
    func turnedRound() async throws {
        let fixture = try await fixture()
        try fixture.putExchange("two", of: "one")
        fixture.provider.script(.token, .exchanged("x1"))
        let gate = Gate()
        fixture.provider.hold(at: gate)
        let request = Task { try await fixture.token("two") }
        await gate.arrived()
        try fixture.putExchange("one", of: "two")
        try fixture.putExchange("two", of: "work")
        try await fixture.agent.agent.reload()
        gate.open()
        _ = await request.result
        for name in ["one", "two"] { #expect(try await fixture.token(name) == "x1") }
        _ = try await fixture.agent.agent.lock(LockRequest())
    }

    @Test("a login whose file would make a token from itself, before the reload, is refused", .timeLimit(.minutes(1)))
    func unread() async throws {
        let fixture = try await fixture()
        try fixture.putExchange("two", of: "one")
        fixture.provider.script(.token, .exchanged("x1", expiresIn: 600))
        _ = try await fixture.token("two")
        try fixture.putExchange("one", of: "two")
        try fixture.putExchange("two", of: "work")
        guard case .failed(let failure)? = try await fixture.login("one") else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.code == "configuration_error" && failure.hint == "run 'authagent reload'")
        fixture.agent.time.advance(by: .seconds(700))
        #expect(try await fixture.token("two") == "x1")
        try await fixture.agent.agent.reload()
        #expect(try await fixture.token("one") == "x1")
    }

    @Test("another login of the subject brings another token, and so does the lock with its end")
    func otherLogin() async throws {
        let fixture = try await fixture()
        fixture.provider.script(.token, .exchanged("x1"))
        #expect(try await fixture.token("one") == "x1")
        _ = try await fixture.agent.completeLogin(access: "b1", refresh: "r2")
        fixture.provider.script(.token, .exchanged("x2"))
        #expect(try await fixture.token("one") == "x2")
        #expect(fixture.forms("token-exchange").last?["subject_token"] == "b1")
        _ = try await fixture.agent.agent.lock(LockRequest())
        #expect(try await fixture.problem("one")?.code == .locked)
    }

    @Test("the subject's own lock ends what was made from its token")
    func subjectsLock() async throws {
        let fixture = try MachineFixture()
        try fixture.put("work", "client_id = \"tv\"", "scopes = [\"openid\"]", "lifetime = \"30m\"")
        try fixture.putExchange("one", of: "work")
        let running = Task { try await fixture.agent.agent.run() }
        defer { running.cancel() }
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        let log = EventLog(
            try await fixture.agent.agent.login(fixture.agent.name, LoginRequest(), within: CallerLimits()))
        await fixture.agent.passInterval()
        _ = await log.events()
        fixture.provider.script(.token, .exchanged("x1"))
        #expect(try await fixture.token("one") == "x1")
        fixture.agent.time.advance(by: .seconds(1_801))
        await eventually { (try? await fixture.agent.agent.status(of: fixture.agent.name).state) == .locked }
        await eventually {
            (try? await fixture.agent.agent.status(of: MachineFixture.name("one")).expiresAt) == .some(nil)
        }
        #expect(try await fixture.problem("one")?.code == .locked)
    }

    @Test("a reload that leaves the subject out is refused, and one that changes it drops the derived tokens")
    func reload() async throws {
        let fixture = try await fixture()
        fixture.provider.script(.token, .exchanged("x1"), .exchanged("x2"))
        #expect(try await fixture.token("one") == "x1")
        let file = fixture.agent.files.path + "/user/work.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try FileManager.default.removeItem(atPath: file)
        let problem = await #expect(throws: Problem.self) { try await fixture.agent.agent.reload() }
        #expect(problem?.detail.contains("no account 'work'") == true)
        #expect(try await fixture.token("one") == "x1")
        try fixture.agent.files.file("user/work.toml", text + "warn_before = \"2d\"\n")
        try await fixture.agent.agent.reload()
        #expect(try await fixture.token("one") == "x2")
    }

    @Test("a refused subject token is renewed once and the request repeated once, and not again for the same refusal")
    func refusedSubject() async throws {
        let fixture = try await fixture()
        fixture.provider.script(
            .token, .error("invalid_grant"), .grant(access: "a2", refresh: "r2"), .exchanged("x1", expiresIn: 600))
        #expect(try await fixture.token("one") == "x1")
        #expect(fixture.forms("token-exchange").map { $0["subject_token"] } == ["a1", "a2"])
        fixture.agent.time.advance(by: .seconds(700))
        fixture.provider.script(
            .token, .error("invalid_request"), .grant(access: "a3", refresh: "r3"), .error("invalid_request"))
        for _ in 0..<3 {
            #expect(try await fixture.problem("one")?.code == .providerRejected)
            fixture.agent.time.advance(by: .seconds(400))
        }
        #expect(fixture.forms("refresh_token").count == 2)
    }

    @Test("a chain of an exchange and an assertion uses each assertion once, and gives it no header")
    func chain() async throws {
        let fixture = try await fixture()
        try fixture.putExchange("grant", of: "work", "requested_token_type = \"id-jag\"")
        try fixture.put(
            "saas", "client_id = \"s\"", "client_auth = \"none\"", "grant = \"jwt_bearer\"",
            "assertion_account = \"grant\"")
        fixture.provider.script(
            .token, .exchanged("j1", type: "id-jag", tokenType: "N_A"), .grant(access: "s1"),
            .exchanged("j2", type: "id-jag", tokenType: "N_A"), .grant(access: "s2"),
            .exchanged("j3", type: "id-jag", tokenType: "N_A"))
        #expect(try await fixture.token("saas") == "s1")
        let target = try TokenTarget(scopes: ["b"])
        #expect(try await fixture.token("saas", TokenRequest(target: target)) == "s2")
        #expect(fixture.forms("jwt-bearer").map { $0["assertion"] } == ["j1", "j2"])
        let reply = try await fixture.agent.agent.token(
            try MachineFixture.name("grant"), TokenRequest(), within: CallerLimits())
        #expect(reply.tokenType == "N_A" && reply.noHeader?.reason == "not_an_access_token")
        #expect(reply.accessToken == "j3")
    }

    @Test("an outage at the provider that takes an assertion costs one assertion in each back-off, however many ask")
    func assertionsInOutage() async throws {
        let fixture = try await fixture()
        try fixture.putExchange("grant", of: "work", "requested_token_type = \"id-jag\"")
        try fixture.put(
            "saas", "client_id = \"s\"", "client_auth = \"none\"", "grant = \"jwt_bearer\"",
            "assertion_account = \"grant\"")
        for index in 0..<12 {
            let answers = ["a", "b"].map {
                FakeProvider.Answer.exchanged("\($0)\(index)", type: "id-jag", tokenType: "N_A")
            }
            let outage = FakeProvider.Answer.failure(.unreachable("no route"))
            fixture.provider.script(.token, answers[0], outage, answers[1], outage)
            // Twelve seconds: clients try once in a second else, and the back-off doubles from half a second or more.
            for _ in 0..<5 {
                _ = try await fixture.problem("saas")
                fixture.agent.time.advance(by: .milliseconds(200))
            }
        }
        #expect(fixture.forms("token-exchange").count <= 5)
    }

    @Test("a login by hand tries the whole chain at once, whatever back-off the accounts are in")
    func byHand() async throws {
        let fixture = try await fixture()
        try fixture.putExchange("two", of: "one")
        fixture.provider.script(.token, .error("invalid_client", status: 401))
        #expect(try await fixture.problem("two")?.code == .configurationError)
        #expect(try await fixture.problem("two")?.detail.contains("'one'") == true)
        #expect(fixture.forms("token-exchange").count == 1)
        fixture.provider.script(.token, .exchanged("x1"), .exchanged("x2"))
        guard case .done(let result)? = try await fixture.login("two") else {
            Issue.record("it failed")
            return
        }
        #expect(result.issuedTokenType == "access_token")
        #expect(try await fixture.token("two") == "x2")
    }

    @Test("an actor's token goes beside the subject's, with its type")
    func actor() async throws {
        let fixture = try await fixture()
        let secret = try fixture.agent.files.file("secret", "s3cret")
        try fixture.put(
            "robot", "client_id = \"robot\"", "grant = \"client_credentials\"", "client_secret_file = \"\(secret)\"")
        try fixture.putExchange("two", of: "work", "actor_account = \"robot\"")
        fixture.provider.script(.token, .grant(access: "act"), .exchanged("x1"))
        #expect(try await fixture.token("two") == "x1")
        let form = fixture.forms("token-exchange").first
        #expect(form?["subject_token"] == "a1" && form?["actor_token"] == "act")
        #expect(form?["actor_token_type"] == "urn:ietf:params:oauth:token-type:access_token")
    }

    @Test("a failure of the subject's provider is named as that account's")
    func subjectUnreachable() async throws {
        let fixture = try await fixture()
        fixture.agent.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .failure(.unreachable("no route")))
        let problem = try await fixture.problem("one")
        #expect(problem?.code == .providerUnreachable && problem?.detail.contains("'work'") == true)
    }

    @Test("a login cannot have another account's tokens sent to another endpoint, or name another account")
    func moved() async throws {
        let fixture = try await fixture()
        var settings = LoginSettings()
        settings.tokenEndpoint = "https://evil.example/token"
        let name = try MachineFixture.name("one")
        let problem = await #expect(throws: Problem.self) {
            try await fixture.agent.agent.login(name, LoginRequest(settings: settings), within: CallerLimits())
        }
        #expect(problem?.code == .badRequest && problem?.detail.contains("'work'") == true)
        // Another issuer is another account: it has no subject.
        settings = LoginSettings(issuer: "https://evil.example", clientID: "a")
        settings.grant = "token_exchange"
        await #expect(throws: Problem.self) {
            try await fixture.agent.agent.login(name, LoginRequest(settings: settings), within: CallerLimits())
        }
        #expect(fixture.forms("token-exchange").isEmpty)
    }
}
