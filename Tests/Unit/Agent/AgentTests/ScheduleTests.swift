import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

struct ScheduleTests {
    @Test("an agent that waits for its next refresh sleeps, whatever changed the due time before")
    func sleeps() async throws {
        let fixture = try AgentFixture()
        let running = Task { try? await fixture.agent.run() }
        defer { running.cancel() }
        try await fixture.completeLogin()
        // The first request schedules a refresh; each reload recomputes the due time during the sleep.
        _ = try await fixture.agent.token(fixture.name, TokenRequest())
        for _ in 0..<5 {
            for _ in 0..<100 { await Task.yield() }
            try await fixture.agent.reload()
        }
        // Each change ends one sleep and starts another; a loop that wakes itself would not stop.
        for _ in 0..<100 { await Task.yield() }
        let before = fixture.time.sleepCount
        for _ in 0..<10_000 { await Task.yield() }
        #expect(fixture.time.sleepCount - before < 10)
    }

    @Test("a refresh that a request waited for schedules the next one ahead of expiry")
    func planned() async throws {
        let fixture = try AgentFixture()
        let running = Task { try? await fixture.agent.run() }
        defer { running.cancel() }
        try await fixture.completeLogin()
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"), .grant(access: "a3", refresh: "r3"))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        await eventually { fixture.time.sleeperCount > 0 }
        fixture.time.advance(by: .seconds(3300))
        await eventually("the token is not renewed ahead of its expiry") {
            (try? fixture.agent.tokenAtOnce(fixture.name, TokenRequest())?.get().accessToken) == "a3"
        }
    }
}
