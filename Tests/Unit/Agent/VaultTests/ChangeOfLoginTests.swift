import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct ChangeOfLoginTests {
    @Test("while a new login is being stored the old one is not refreshed; a request gets the new token")
    func refreshWaits() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "old", refresh: "r-old-2")))
        await fixture.loggedIn(access: "a1", refresh: "r1")
        fixture.time.advance(by: .seconds(3600))
        let gate = Gate()
        fixture.store.hold(at: gate)
        async let login = fixture.loggedIn(access: "b1", refresh: "q1")
        await gate.arrived()
        async let token = fixture.token()
        await fixture.vault.runDue(keepAlive: .seconds(60))
        #expect(fixture.refresher.spent.isEmpty)
        gate.open()
        _ = await login
        #expect(try await token == "b1")
        #expect(fixture.refresher.spent.isEmpty)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("q1"))
    }

    @Test("a new login waits for a running refresh, and is what the store holds in the end")
    func loginWaits() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "old", refresh: "r2")))
        await fixture.loggedIn(access: "a1", refresh: "r1")
        fixture.time.advance(by: .seconds(3600))
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        async let token = fixture.token()
        await gate.arrived()
        async let login = fixture.loggedIn(access: "b1", refresh: "q1")
        gate.open()
        _ = try await token
        _ = await login
        #expect(try await fixture.token() == "b1")
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("q1"))
        #expect(fixture.storedCredential?.generation == 3)
    }

    @Test("a login during a logout's revocation is not forgotten with the old one")
    func loginDuringLogout() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(access: "a1", refresh: "r1")
        let ended = try await fixture.vault.signOut()
        await fixture.loggedIn(access: "b1", refresh: "q1")
        try await fixture.vault.forget(ended)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("q1"))
        #expect(try await fixture.token() == "b1")
    }

    @Test("if the account was replaced meanwhile, a logout removes its own record and spares a newer one")
    func replacedDuringLogout() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(access: "a1", refresh: "r1")
        let ended = try await fixture.vault.signOut()
        await fixture.vault.retire()
        try await fixture.vault.forget(ended)
        #expect(fixture.store.records.isEmpty)

        fixture.stored("q1", generation: 2)
        try await fixture.vault.forget(ended)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("q1"))
    }

    @Test("flush writes what the store lacks, and fails if the store still does not take it")
    func flush() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2")))
        await fixture.loggedIn(access: "a1", refresh: "r1")
        fixture.time.advance(by: .seconds(3600))
        let locked = StoreFailure(.locked, "locked")
        fixture.store.fail(locked)
        #expect(try await fixture.token() == "a2")
        await #expect(throws: locked) { try await fixture.vault.flush() }
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        #expect(try await fixture.token() == "a2")
        fixture.store.fail(nil)
        try await fixture.vault.flush()
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
        #expect(fixture.vault.snapshot(keepAlive: nil).unsaved == nil)
    }

    @Test("a login after a failed read of the store leaves nothing planned but the refresh")
    func afterUnreadable() async throws {
        let fixture = try VaultFixture()
        fixture.store.fail(StoreFailure(.locked, "locked"))
        await fixture.vault.readIfUnread()
        #expect(fixture.vault.nextDue(keepAlive: nil) != nil)
        fixture.store.fail(nil)
        await fixture.loggedIn()
        #expect(fixture.vault.nextDue(keepAlive: nil) == nil)
        _ = try await fixture.token()
        fixture.time.advance(by: .seconds(120))
        #expect(try #require(fixture.vault.nextDue(keepAlive: nil)) > fixture.time.now)
    }

    @Test("a credential of another issuer is kept, and sent to no provider")
    func otherIssuer() async throws {
        let fixture = try VaultFixture()
        var credential = fixture.credential("r1")
        credential.issuer = "https://other.example"
        fixture.store.put(credential.record)
        await #expect(throws: TokenFailure.loginRequired(.settingsChanged)) { try await fixture.token() }
        await fixture.vault.runDue(keepAlive: .seconds(60))
        #expect(fixture.refresher.spent.isEmpty)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
    }
}
