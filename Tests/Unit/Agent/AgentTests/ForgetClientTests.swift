import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// `logout --forget-client`: the provider deletes the registration (RFC 7592).
struct ForgetClientTests {
    private func loggedIn(managed: Bool = true) async throws -> AgentFixture {
        let fixture = try RegistrationTests.fixture(RegistrationTests.registered(managed: managed))
        try await RegistrationTests.completeLogin(fixture)
        fixture.provider.script(.register, .json(204, ""))
        return fixture
    }

    @Test("a logout keeps the registered client, and the next login uses it")
    func kept() async throws {
        let fixture = try await loggedIn()
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(reply == LogoutReply(account: fixture.name, revoked: true, forgotten: true))
        #expect(fixture.keyring.records.count == 1)
        try await RegistrationTests.completeLogin(fixture, LoginRequest())
        #expect(fixture.provider.all(.register).count == 1)
        #expect(fixture.provider.requests(.device).last == "client_id=c1&scope=openid")
    }

    @Test("V1: with forget_client the registration is deleted with its token, and the store is empty")
    func forgotten() async throws {
        let fixture = try await loggedIn()
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest(forgetClient: true))
        #expect(reply == LogoutReply(account: fixture.name, revoked: true, forgotten: true, clientForgotten: true))
        let deletion = try #require(fixture.provider.all(.register).last)
        #expect(deletion.method == .delete)
        #expect(deletion.headers.contains { $0.name == "Authorization" && $0.value == "Bearer manage-c1" })
        #expect(fixture.keyring.records.isEmpty)
    }

    @Test("a client can be forgotten after an earlier logout, and after a first login that never succeeded")
    func later() async throws {
        let fixture = try await loggedIn()
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest(forgetClient: true))
        #expect(reply.clientForgotten == true)
        #expect(fixture.keyring.records.isEmpty)

        let other = try RegistrationTests.fixture(RegistrationTests.registered())
        let log = try await other.login(RegistrationTests.request)
        _ = await log.prompt()
        other.provider.script(.register, .json(204, ""))
        let second = try await other.agent.logout(other.name, LogoutRequest(forgetClient: true))
        #expect(second.clientForgotten == true)
        #expect(second.forgotten)
        #expect(other.keyring.records.isEmpty)
    }

    @Test("while the provider is down, the client is kept, and the same command succeeds later")
    func down() async throws {
        let fixture = try await loggedIn()
        fixture.provider.script(.register, .json(503, ""))
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest(forgetClient: true))
        #expect(reply.forgotten)
        #expect(reply.clientForgotten == false)
        #expect(reply.clientReason?.contains("the same command again") == true)
        #expect(fixture.keyring.records.count == 1)
        fixture.provider.script(.register, .json(204, ""))
        let again = try await fixture.agent.logout(fixture.name, LogoutRequest(forgetClient: true))
        #expect(again.clientForgotten == true)
        #expect(fixture.keyring.records.isEmpty)
    }

    @Test("a registration that cannot be deleted at the provider is forgotten here, with the reason")
    func notDeleted() async throws {
        let refused = try await loggedIn()
        refused.provider.script(.register, .error("access_denied", status: 403))
        let local = try await loggedIn()
        for (fixture, request) in [
            (refused, LogoutRequest(forgetClient: true)), (local, LogoutRequest(local: true, forgetClient: true)),
            (try await loggedIn(managed: false), LogoutRequest(forgetClient: true)),
        ] {
            let reply = try await fixture.agent.logout(fixture.name, request)
            #expect(reply.clientForgotten == false)
            #expect(reply.clientReason?.isEmpty == false)
            #expect(fixture.keyring.records.isEmpty)
        }
        #expect(local.provider.all(.register).allSatisfy { $0.method != .delete })
    }

    @Test("a client that was registered by hand is forgotten here only")
    func byHand() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest(forgetClient: true))
        #expect(reply.clientForgotten == false)
        #expect(reply.clientReason == "the agent has registered no client")
        #expect(fixture.keyring.records.isEmpty)
    }
}
