import AgentAPI
import AuthagentTestSupport
import OAuth
import SecretMemory
import Testing
import Vault

struct ChangeOfLoginTests {
    @Test("while a new login is being stored nothing refreshes the old one, and who asks gets the new token")
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

    @Test("a new login waits for a refresh under way, and is what the store holds in the end")
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

    @Test("a login that comes while a logout still revokes is not forgotten with the old one")
    func loginDuringLogout() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(access: "a1", refresh: "r1")
        let ended = try await fixture.vault.signOut()
        await fixture.loggedIn(access: "b1", refresh: "q1")
        try await fixture.vault.forget(ended)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("q1"))
        #expect(try await fixture.token() == "b1")
    }

    @Test("what another account's object takes the place of ends up in the store first, rotated tokens included")
    func retired() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2")))
        await fixture.loggedIn(access: "a1", refresh: "r1")
        fixture.time.advance(by: .seconds(3600))
        fixture.store.fail(StoreFailure(.locked, "locked"))
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        async let token = fixture.token()
        await gate.arrived()
        async let retired: Void = fixture.vault.retire()
        fixture.store.fail(nil)
        gate.open()
        _ = try await token
        await retired
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
        await #expect(throws: TokenFailure.loginRequired(.notLoggedIn)) { try await fixture.token() }
    }

    @Test("a credential of another issuer is kept, and shown to nobody")
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
