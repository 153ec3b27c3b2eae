import Agent
import AgentAPI
import Foundation
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct LoginTests {
    @Test("a login writes the account file and the credential, and serves the token")
    func success() async throws {
        let fixture = try AgentFixture()
        let done = try await fixture.completeLogin()
        #expect(done == .done(LoginResult(account: fixture.name, scope: "openid", expiresAt: fixture.time.wall + 3600)))
        let reply = try await fixture.agent.token(fixture.name, TokenRequest())
        #expect(reply.accessToken == "a1")
        #expect(fixture.keyring.records.count == 1)
    }

    @Test("after a restart every account is available without a login")
    func restart() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a2"))
        #expect(try await restarted.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(restarted.provider.requests(.token) == ["grant_type=refresh_token&refresh_token=r1&client_id=tv"])
    }

    @Test("D7: the prompt shows the user code and the URI, and the device code is not visible")
    func prompt() async throws {
        let fixture = try AgentFixture()
        let log = try await fixture.login()
        let prompt = try #require(await log.prompt())
        #expect(prompt.userCode == "WDJB-MJHT")
        #expect(prompt.verificationURI == "\(FakeProvider.issuer)/activate")
        #expect(!APIJSON.text(fixed: LoginEvent.prompt(prompt)).contains("secret-device-code"))
        try await fixture.agent.cancelLogin(fixture.name)
    }

    @Test("a client that joins sees the same code with the time left; its leaving does not cancel the login")
    func join() async throws {
        let fixture = try AgentFixture()
        let first = try await fixture.login()
        let shown = try #require(await first.prompt())
        first.stopWatching()
        await fixture.passInterval()
        let second = try await fixture.login(LoginRequest())
        let again = try #require(await second.prompt())
        #expect(again.userCode == shown.userCode)
        #expect(again.expiresIn == shown.expiresIn - 5)
        #expect(fixture.provider.requests(.device).count == 1)

        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        await fixture.passInterval()
        guard case .done? = await second.events().last else { return #expect(Bool(false), "\(second.soFar)") }
    }

    @Test("an outage is reported once, also to clients that join later, and so is its end")
    func outage() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(
            .token, .json(503, "{}"), .json(502, "{}"), .json(503, "{}"), .error("authorization_pending"),
            .error("authorization_pending"), .json(503, "{}"), .error("authorization_pending"),
            .grant(access: "a1", refresh: "r1"))
        let first = try await fixture.login()
        _ = await first.prompt()
        var second: EventLog?
        for poll in 1...8 {
            let polls = fixture.provider.requests(.token).count
            func isPolled() -> Bool { fixture.provider.requests(.token).count > polls }
            for _ in 0..<80 where !isPolled() {
                // The login may have done its last poll, after which it does not sleep.
                await eventually { isPolled() || fixture.time.hasSleeper(within: .seconds(5)) }
                if !isPolled() { fixture.time.advance(by: .seconds(5)) }
            }
            if poll == 2 { second = try await fixture.login() }
        }
        func kinds(_ log: EventLog?) async -> [String] {
            await log?.events().map { event in
                switch event {
                case .prompt: "prompt"
                case .slowed: "slowed"
                case .retrying: "retrying"
                case .resumed: "resumed"
                case .done: "done"
                case .failed: "failed"
                }
            } ?? []
        }
        let expected = ["prompt", "retrying", "resumed", "retrying", "resumed", "done"]
        #expect(await kinds(first) == expected)
        #expect(await kinds(second) == expected)
    }

    @Test("an approved login whose account file cannot be written lives until the agent ends, with a note")
    func unwritable() async throws {
        let fixture = try AgentFixture()
        let log = try await fixture.login()
        _ = await log.prompt()
        try FileManager.default.removeItem(atPath: fixture.files.path + "/user")
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        await fixture.passInterval()
        guard case .done(let result)? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(result.note?.contains("the login lives until the agent ends") == true, "\(result)")
        for _ in 0..<2 {
            #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
            let status = try await fixture.agent.status(of: fixture.name)
            #expect(status.state == .unsaved)
            #expect(status.lastError?.contains("/user") == true && status.hint != nil)
            try await fixture.agent.reload()
        }
        #expect(fixture.provider.requests(.revocation).isEmpty)
        // The next login writes the file.
        try await fixture.completeLogin()
        #expect(try await fixture.agent.status(of: fixture.name).state == .ok)
    }

    @Test("a login with other settings cannot join")
    func joinOther() async throws {
        let fixture = try AgentFixture()
        _ = await (try await fixture.login()).prompt()
        let other = LoginRequest(settings: LoginSettings(clientID: "another"))
        await #expect { _ = try await fixture.login(other) } throws: { ($0 as? Problem)?.code == .badRequest }
        try await fixture.agent.cancelLogin(fixture.name)
    }

    @Test("a cancelled login reports it and leaves no account behind")
    func cancel() async throws {
        let fixture = try AgentFixture()
        let log = try await fixture.login()
        _ = await log.prompt()
        try await fixture.agent.cancelLogin(fixture.name)
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "cancelled")
        #expect(await fixture.agent.status().accounts.isEmpty)
        #expect(fixture.keyring.records.isEmpty)
    }

    @Test("a timeout out of range is refused", arguments: [0, -5, 86_401, Int.max, Int.min])
    func badTimeout(seconds: Int) async throws {
        let fixture = try AgentFixture()
        var request = AgentFixture.request
        request.timeout = seconds
        await #expect { _ = try await fixture.login(request) } throws: { ($0 as? Problem)?.code == .badRequest }
    }

    @Test("a timeout ends the login")
    func timeout() async throws {
        let fixture = try AgentFixture()
        var request = AgentFixture.request
        request.timeout = 3
        let log = try await fixture.login(request)
        _ = await log.prompt()
        await eventually { fixture.time.sleeperCount == 2 }
        fixture.time.advance(by: .seconds(3))
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "timeout")
    }

    @Test(
        "D5: the provider's refusal ends the login after one request, with the provider's own code",
        arguments: ["access_denied", "expired_token", "invalid_client", "made_up_error"])
    func refusal(code: String) async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, .error(code))
        let log = try await fixture.login()
        await fixture.passInterval()
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == code)
        #expect(!failure.hint.isEmpty)
        #expect(fixture.provider.requests(.token).count == 1)
        #expect(fixture.provider.requests(.device).count == 1)
    }

    @Test(
        "a keyring that cannot be used ends the login before a person is asked to approve",
        arguments: [StoreState.locked, .noBus, .noProvider, .hung, .failed])
    func noKeyring(state: StoreState) async throws {
        let fixture = try AgentFixture()
        fixture.keyring.fail(StoreFailure(state, "the keyring is out of order"))
        let events = await (try await fixture.login()).events()
        guard case .failed(let failure)? = events.last else { return #expect(Bool(false)) }
        #expect(events.count == 1)
        #expect(failure.code == (state == .locked ? "store_locked" : "store_unavailable"))
        #expect(fixture.provider.requests(.device).isEmpty)
    }

    @Test("a failed new login leaves the earlier one unchanged")
    func earlierStays() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, .error("access_denied"))
        let log = try await fixture.login(LoginRequest(settings: LoginSettings(scopes: ["openid", "more"])))
        await fixture.passInterval()
        _ = await log.events()
        let status = try await fixture.agent.status(of: fixture.name)
        #expect(status.state == .ok)
        #expect(status.scope == "openid")
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("an account without a file and without settings is unknown, with a hint to log in")
    func unknown() async throws {
        let fixture = try AgentFixture()
        await #expect { _ = try await fixture.login(LoginRequest()) } throws: { error in
            let problem = error as? Problem
            return problem?.code == .unknownAccount && problem?.hint?.contains("authagent login work") == true
        }
    }
}
