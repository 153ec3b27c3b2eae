import Agent
import AgentAPI
import Foundation
import OAuth
import TestSupport
import Testing

/// Requests that wait for a newer token, with the agent's schedule, logins and reloads.
struct NewerTokenTests {
    private static func outcome(
        _ fixture: AgentFixture, than newerThan: Int, _ request: TokenRequest = TokenRequest()
    ) -> Task<Result<NewerTokenReply, Problem>, Never> {
        Task {
            do throws(Problem) {
                return .success(
                    try await fixture.agent.newerToken(
                        fixture.name, request, than: newerThan, within: CallerLimits()))
            } catch { return .failure(error) }
        }
    }

    private func expiry(_ fixture: AgentFixture) async throws -> Int {
        try #require(try await fixture.agent.token(fixture.name, TokenRequest(), within: CallerLimits()).expiresAt)
    }

    private func token(_ task: Task<Result<NewerTokenReply, Problem>, Never>) async throws -> TokenReply {
        guard case .newer(let token, let tag) = try await task.value.get() else { throw CancellationError() }
        #expect(tag.utf8.count == 16)
        return token
    }

    @Test("the token's expires_at is later than the client's, and the wait's end is the same tag")
    func newer() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let expiry = try await expiry(fixture)
        let ended = Self.outcome(fixture, than: expiry)
        ended.cancel()
        guard case .same(let tag) = try await ended.value.get() else { throw CancellationError() }
        #expect(tag.utf8.count == 16)
        let waiting = Self.outcome(fixture, than: expiry)
        fixture.time.advance(by: .seconds(100))
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        _ = try await fixture.agent.rejectToken(fixture.name, TokenRequest())
        let token = try await token(waiting)
        #expect(token.accessToken == "a2")
        #expect(token.expiresAt.map { $0 > expiry } == true)
    }

    @Test("a token without an expiry is a bad request that says what to do")
    func endless() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1", expiresIn: nil))
        let log = try await fixture.login()
        await fixture.passInterval()
        _ = await log.events()
        let result = await Self.outcome(fixture, than: 0).value
        guard case .failure(let problem) = result else { throw CancellationError() }
        #expect(problem.code == .badRequest && problem.reason == "no_expiry")
        #expect(problem.hint?.contains("newer_than") == true)
    }

    @Test("an unknown account, a locked agent and an account without a login are answered at once")
    func atOnce() async throws {
        let fixture = try AgentFixture()
        func code(_ task: Task<Result<NewerTokenReply, Problem>, Never>) async -> Problem.Code? {
            guard case .failure(let problem) = await task.value else { return nil }
            return problem.code
        }
        #expect(await code(Self.outcome(fixture, than: 0)) == .unknownAccount)
        try await fixture.completeLogin()
        let expiry = try await expiry(fixture)
        let waiting = Self.outcome(fixture, than: expiry)
        await eventually { fixture.agent.waitCount == 1 }
        _ = try await fixture.agent.lock(LockRequest())
        #expect(await code(waiting) == .locked)
        #expect(await code(Self.outcome(fixture, than: expiry)) == .locked)
        _ = try await fixture.agent.unlock(UnlockRequest())
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(await code(Self.outcome(fixture, than: expiry)) == .loginRequired)
    }

    @Test("a reload that replaces the account goes on with the one that takes it over")
    func reload() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let expiry = try await expiry(fixture)
        let waiting = Self.outcome(fixture, than: expiry)
        await eventually { fixture.agent.waitCount == 1 }
        // The same settings leave the wait as it is.
        try await fixture.agent.reload()
        #expect(fixture.agent.waitCount == 1)
        let path = fixture.files.path + "/user/work.toml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("client_id = \"tv\"", with: "client_id = \"radio\"")
            .write(toFile: path, atomically: false, encoding: .utf8)
        try await fixture.agent.reload()
        guard case .failure(let problem) = await waiting.value else { throw CancellationError() }
        #expect(problem.code == .loginRequired && problem.reason == "settings_changed")
    }

    @Test("a migration to another store goes on with the account there")
    func migration() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let expiry = try await expiry(fixture)
        let key = try fixture.files.file("key", String(repeating: "k", count: 32))
        _ = try await fixture.agent.changeStore(StoreRequest(.initialize, keyFile: key))
        let waiting = Self.outcome(fixture, than: expiry)
        await eventually { fixture.agent.waitCount == 1 }
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        _ = try await fixture.agent.changeStore(StoreRequest(.migrate, target: "sealed"))
        #expect(try await token(waiting).accessToken == "a2")
    }
}
