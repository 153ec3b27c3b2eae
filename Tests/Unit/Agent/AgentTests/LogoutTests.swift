import Agent
import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct LogoutTests {
    @Test("V1: a logout revokes the refresh token at the provider and forgets it here")
    func revoked() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(reply == LogoutReply(account: fixture.name, revoked: true, forgotten: true))
        #expect(fixture.provider.requests(.revocation) == ["token=r1&token_type_hint=refresh_token&client_id=tv"])
        #expect(fixture.keyring.records.isEmpty)
        await #expect { try await fixture.agent.token(fixture.name, TokenRequest()) } throws: {
            ($0 as? Problem)?.code == .loginRequired
        }
    }

    @Test("V1: a refused revocation is reported, and the login is removed")
    func refused() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.revocation, .error("invalid_client", status: 401))
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(!reply.revoked)
        #expect(reply.reason != nil)
        #expect(reply.forgotten)
        #expect(fixture.keyring.records.isEmpty)
    }

    @Test("V1: a revocation that failed because the provider is down is sent later, also after a restart")
    func queued() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.revocation, .json(503, ""))
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(!reply.revoked)
        #expect(fixture.keyring.records.count == 1)

        let restarted = try AgentFixture(restarting: fixture)
        let running = Task { try await restarted.agent.run() }
        await eventually { restarted.keyring.records.isEmpty }
        #expect(
            restarted.provider.requests(.revocation) == ["token=r1&token_type_hint=refresh_token&client_id=tv"])
        running.cancel()
        _ = await running.result
    }

    @Test("V1: two logouts of one account while the provider is down are two revocations, also after a restart")
    func queuedTwice() async throws {
        let first = try AgentFixture()
        try await first.completeLogin(refresh: "r1")
        first.provider.script(.revocation, .json(503, ""))
        _ = try await first.agent.logout(first.name, LogoutRequest())
        let second = try AgentFixture(restarting: first)
        try await second.completeLogin(refresh: "r2")
        second.provider.script(.revocation, .json(503, ""))
        _ = try await second.agent.logout(second.name, LogoutRequest())
        let tokens = second.keyring.records.values.compactMap { PendingRevocation($0)?.token.revealedText() }
        #expect(Set(tokens) == ["r1", "r2"])
    }

    @Test("an agent that stops writes what the store did not take before")
    func stops() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin(refresh: "r1")
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        fixture.keyring.fail(StoreFailure(.locked, "the keyring is locked"))
        _ = try await fixture.agent.token(fixture.name, TokenRequest())
        fixture.keyring.fail(nil)
        let running = Task { try await fixture.agent.run() }
        running.cancel()
        _ = await running.result
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a3"))
        _ = try await restarted.agent.token(fixture.name, TokenRequest())
        #expect(restarted.provider.requests(.token).last?.contains("refresh_token=r2") == true)
    }

    @Test("V1: a revocation that failed at the discovery is sent once the provider is back")
    func queuedWithoutDiscovery() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.metadata, .failure(.unreachable("no route")))
        let reply = try await restarted.agent.logout(fixture.name, LogoutRequest())
        #expect(!reply.revoked)
        #expect(reply.forgotten)
        #expect(reply.reason?.contains("the agent will try again") == true)

        let again = try AgentFixture(restarting: restarted)
        let running = Task { try await again.agent.run() }
        await eventually { again.keyring.records.isEmpty }
        #expect(again.provider.requests(.revocation) == ["token=r1&token_type_hint=refresh_token&client_id=tv"])
        running.cancel()
        _ = await running.result
    }

    @Test(
        "V1: with configured endpoints, a revocation waits for the issuer to name its revocation endpoint",
        arguments: [.failure(.unreachable("no route")), .json(503, ""), .json(200, "<html>log in here</html>")]
            as [FakeProvider.Answer])
    func queuedWithEndpointsByHand(answer: FakeProvider.Answer) async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.metadata, answer)
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        var request = AgentFixture.request
        request.settings?.deviceEndpoint = FakeProvider.issuer + "/device"
        request.settings?.tokenEndpoint = FakeProvider.issuer + "/token"
        let log = try await fixture.login(request)
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(!reply.revoked && reply.forgotten)
        #expect(reply.reason?.contains("no revocation endpoint") == false)
        #expect(reply.reason?.hasSuffix("; the agent will try again") == true)
        #expect(fixture.keyring.records.values.compactMap(PendingRevocation.init).count == 1)
        let inspected = try await fixture.agent.inspect(fixture.name, InspectRequest(token: "opaque"))
        #expect(inspected.tokens.first?.introspection?.state == .unreachable)
    }

    @Test("a logout during an account's first login cancels it and reports that")
    func firstLoginPending() async throws {
        let fixture = try AgentFixture()
        let log = try await fixture.login()
        _ = await log.prompt()
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(reply.forgotten)
        #expect(reply.reason == "its login was still pending and is cancelled")
        #expect(await fixture.agent.status().accounts.isEmpty)
    }

    @Test("a local logout sends nothing to the provider")
    func local() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest(local: true))
        #expect(!reply.revoked)
        #expect(reply.forgotten)
        #expect(fixture.provider.requests(.revocation).isEmpty)
    }

    @Test("a store that cannot remove the record makes the logout fail")
    func storeFails() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.keyring.fail(StoreFailure(.locked, "the keyring is locked"))
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(reply.revoked)
        #expect(!reply.forgotten)
    }

    @Test("after a logout 'login' alone logs in again")
    func again() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        fixture.provider.script(.token, .grant(access: "a9", refresh: "r9"))
        let log = try await fixture.login(LoginRequest())
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a9")
    }
}
