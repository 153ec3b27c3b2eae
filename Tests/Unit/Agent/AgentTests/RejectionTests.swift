import Agent
import AgentAPI
import TestSupport
import Testing

/// `POST /v1/accounts/NAME/token/rejected`.
struct RejectionTests {
    /// The SHA-256 digest of "a1".
    private static let digest: [UInt8] = [
        0xF5, 0x5F, 0xF1, 0x6F, 0x66, 0xF4, 0x33, 0x60, 0x26, 0x6B, 0x95, 0xDB, 0x6F, 0x8F, 0xEC, 0x01, 0xD7, 0x60,
        0x31,
        0x05, 0x43, 0x06, 0xAE, 0x4A, 0x4B, 0x38, 0x05, 0x98, 0xF6, 0xCF, 0xD1, 0x14,
    ]

    @Test("the hash is the digest of the token's bytes")
    func hash() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, .grant(access: "a2"))
        let other = try await fixture.agent.rejectToken(
            fixture.name, TokenRequest(), digest: [UInt8](repeating: 0, count: 32))
        #expect(other.result == .kept)
        #expect(other.reason == "another_token")
        let own = try await fixture.agent.rejectToken(fixture.name, TokenRequest(), digest: Self.digest)
        #expect(own == TokenRejectionReply(account: fixture.name, result: .renewed))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        let late = try await fixture.agent.rejectToken(fixture.name, TokenRequest(), digest: Self.digest)
        #expect(late.reason == "another_token")
    }

    private func problem(_ fixture: AgentFixture, _ request: some AskedToken) async -> Problem? {
        do throws(Problem) {
            _ = try await fixture.agent.rejectToken(fixture.name, request, digest: nil)
            return nil
        } catch { return error }
    }

    @Test("under a bound, a caller can renew only what it could request")
    func bounds() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        let count = fixture.provider.requests(.token).count
        let place = BoundRequest(target: try TokenTarget(audience: "api"), bound: .scopes("read"))
        #expect(await problem(fixture, place)?.reason == "target_not_allowed")
        #expect(await problem(fixture, BoundRequest(bound: .scopes("write")))?.reason == "no_allowed_scope")
        #expect(fixture.provider.requests(.token).count == count)
        // The narrow token is renewed, not the login's own.
        fixture.provider.script(.token, .token("n1", scope: "read"))
        #expect(await problem(fixture, BoundRequest(bound: .scopes("read"))) == nil)
        #expect(fixture.provider.requests(.token).last?.contains("scope=read&") == true)
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
        #expect(
            try await fixture.agent.token(fixture.name, BoundRequest(bound: .scopes("read"))).accessToken == "n1")
    }

    @Test("under a bound, a token with more scopes is neither renewed nor served for the caller")
    func wider() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        fixture.provider.script(.token, .token("n1", scope: "read admin"))
        let request = BoundRequest(bound: .scopes("read"))
        #expect(await fixture.refusal(request)?.reason == "scope_not_allowed")
        let count = fixture.provider.requests(.token).count
        #expect(await problem(fixture, request)?.reason == "scope_not_allowed")
        #expect(fixture.provider.requests(.token).count == count)
    }

    @Test("the problems are those of a request for the token")
    func problems() async throws {
        let fixture = try AgentFixture()
        #expect(await problem(fixture, TokenRequest())?.code == .unknownAccount)
        try await fixture.completeLogin()
        fixture.provider.script(.token, .json(503, "{}"))
        #expect(await problem(fixture, TokenRequest())?.code == .providerUnreachable)
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
        _ = try await fixture.agent.lock(LockRequest())
        #expect(await problem(fixture, TokenRequest())?.code == .locked)
        _ = try await fixture.agent.unlock(UnlockRequest())
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(await problem(fixture, TokenRequest())?.code == .loginRequired)
    }
}
