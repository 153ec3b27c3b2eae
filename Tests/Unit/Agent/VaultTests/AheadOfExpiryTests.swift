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
