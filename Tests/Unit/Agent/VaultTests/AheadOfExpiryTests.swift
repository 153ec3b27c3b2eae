import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct AheadOfExpiryTests {
    @Test("an account in use is refreshed ahead of expiry, by the same single refresh")
    func inUse() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        _ = try await fixture.token()
        let due = try #require(fixture.vault.nextDue(keepAlive: nil))
        #expect(due < fixture.time.now + .seconds(3600 - 60))
        fixture.time.advance(by: due - fixture.time.now)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.refresher.spent == ["r1"])
        #expect(try await fixture.token() == "a2")
    }

    @Test("the first renewal after a login, a start or an outage may come early, and those after it do not")
    func spread() async throws {
        func nextRenewal(_ fixture: VaultFixture) async throws -> Duration {
            _ = try await fixture.token()
            return try #require(fixture.vault.nextDue(keepAlive: nil)) - fixture.time.now
        }
        func renew(_ fixture: VaultFixture) async throws {
            fixture.time.advance(by: try await nextRenewal(fixture))
            await fixture.vault.runDue(keepAlive: nil)
        }
        // Half of the jitter.
        let (early, usual) = (Duration.seconds(2400), Duration.seconds(2970))
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        #expect(try await nextRenewal(fixture) == early)
        try await renew(fixture)
        #expect(try await nextRenewal(fixture) == usual)
        fixture.refresher.answer(.down, .renewed(access: "a3"))
        try await renew(fixture)
        try await renew(fixture)
        #expect(try await fixture.token() == "a3")
        #expect(try await nextRenewal(fixture) == early)

        let restarted = try VaultFixture()
        restarted.stored()
        #expect(try await restarted.token() == "a2")
        #expect(try await nextRenewal(restarted) == early)
    }

    @Test("an account that is not in use is not refreshed")
    func idle() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        #expect(fixture.vault.nextDue(keepAlive: nil) == nil)
    }

    @Test("with keep_alive an unused account is refreshed, also if its last grant was before a restart")
    func keepAlive() async throws {
        let fixture = try VaultFixture()
        fixture.stored("r1")
        fixture.time.advance(by: .seconds(7_000))
        await fixture.vault.readIfUnread()
        let due = try #require(fixture.vault.nextDue(keepAlive: .seconds(7_200)))
        #expect(due == fixture.time.now + .seconds(200))
        fixture.time.advance(by: .seconds(200))
        await fixture.vault.runDue(keepAlive: .seconds(7_200))
        #expect(fixture.refresher.spent == ["r1"])
    }

    @Test(
        "in an outage the renewal of a valid token is repeated without haste, and twice before it expires",
        arguments: [180, 3600])
    func outage(lifetime: Int) async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        await fixture.loggedIn(expiresIn: lifetime)
        let expiry = fixture.time.now + .seconds(lifetime)
        _ = try await fixture.token()
        var attempts: [ContinuousClock.Instant] = []
        while let due = fixture.vault.nextDue(keepAlive: nil), due < expiry {
            fixture.time.advance(by: due - fixture.time.now)
            await fixture.vault.runDue(keepAlive: nil)
            attempts.append(due)
        }
        #expect(attempts.count >= 3)
        let gap = min(Duration.seconds(lifetime) / 10, Backoff.longest * 0.75)
        #expect(zip(attempts, attempts.dropFirst()).allSatisfy { $1 - $0 >= gap })
        #expect(fixture.refresher.spent.count == attempts.count)
    }

    @Test("a failed refresh ahead of expiry is tried again after the back-off, not at once")
    func failure() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        await fixture.loggedIn()
        _ = try await fixture.token()
        fixture.time.advance(by: .seconds(3000))
        await fixture.vault.runDue(keepAlive: nil)
        let due = try #require(fixture.vault.nextDue(keepAlive: nil))
        #expect(due > fixture.time.now)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.refresher.spent.count == 1)
    }
}
