import AgentAPI
import AgentServer
import Policy
import TestSupport
import Testing

/// Rates that depend on whether the user database lists the user.
@Suite(.timeLimit(.minutes(10)))
struct RateTests {
    /// A directory that answers when the gate is open.
    private struct SlowDirectory: UserDirectory {
        let gate: Gate
        func isListed(_ user: UInt32) -> Bool? { nil }
        func lookUp(_ user: UInt32) async -> Bool {
            await gate.pass()
            return false
        }
    }

    @Test("while the user directory hangs, only requests wait whose rate depends on it")
    func hanging() async throws {
        let fixture = AccessFixture()
        var access = fixture.access(
            AccessFixture.rule(["work"], [.everyUser], allow: [.token], perMinute: 1),
            AccessFixture.rule(["*"], [.everyUser], allow: [.token, .status]))
        let gate = Gate()
        access.users = SlowDirectory(gate: gate)
        try await ServerFixture.serving(access: access) { server in
            async let waiting = server.exchange(.get("/v1/accounts/work/token"))
            await gate.arrived()
            let other = try await server.exchange(.get("/v1/accounts/home/token"))
            #expect(other.status == 200)
            gate.open()
            let answer = try await waiting
            #expect(answer.status == 200)
            let next = try await server.exchange(.get("/v1/accounts/work/token"))
            #expect(next.status == 429)
        }
    }

    @Test("the record has the owner of a subordinate user ID, whatever the request's outcome")
    func owner() async throws {
        let fixture = AccessFixture()
        let rules = AccessRules(
            owner: AccessFixture.owner, rules: [AccessFixture.rule(["work"], allow: [.token])],
            subordinates: SubordinateUsers(parsing: "5503:4242:1") { _ in nil })
        try await ServerFixture.serving(access: fixture.access(CurrentRules(rules))) { server in
            let allowed = try await server.exchange(.get("/v1/accounts/work/token"))
            let refused = try await server.exchange(.get("/v1/accounts/home/token"))
            #expect([allowed.status, refused.status] == [200, 403])
            #expect(fixture.records.map(\.owner) == [5503, 5503])
        }
    }
}
