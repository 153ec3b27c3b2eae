import AgentAPI
import AuthagentTestSupport
import OAuth
import SecretMemory
import Testing
import Vault

struct StoreTroubleTests {
    let locked = StoreFailure(.locked, "the keyring is locked")

    @Test("a locked store says so at once, is not asked for every request, and its unlocking is noticed")
    func locked() async throws {
        let fixture = try VaultFixture()
        fixture.stored("r1")
        fixture.store.fail(locked)
        for _ in 0..<10 {
            await #expect(throws: TokenFailure.store(locked)) { try await fixture.token() }
        }
        #expect(fixture.store.operations == [.load])
        fixture.store.fail(nil)
        fixture.time.advance(by: .seconds(1))
        #expect(try await fixture.token() == "a2")
    }

    @Test("a store that fails during a rotation costs nothing: served, shown as unsaved, and written later")
    func unsaved() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2")))
        await fixture.loggedIn()
        fixture.time.advance(by: .seconds(3600))
        fixture.store.fail(locked)
        #expect(try await fixture.token() == "a2")
        #expect(fixture.vault.snapshot(keepAlive: nil).unsaved == locked)

        fixture.time.advance(by: .seconds(1))
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.vault.snapshot(keepAlive: nil).unsaved == locked)

        fixture.store.fail(nil)
        fixture.time.advance(by: Backoff.longest)
        #expect(try #require(fixture.vault.nextDue(keepAlive: nil)) <= fixture.time.now)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.vault.snapshot(keepAlive: nil).unsaved == nil)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
    }

    @Test("a store that fails right after the approval does not cost the login")
    func loginUnsaved() async throws {
        let fixture = try VaultFixture()
        fixture.store.fail(locked)
        await fixture.loggedIn()
        #expect(try await fixture.token() == "a1")
        #expect(fixture.vault.snapshot(keepAlive: nil).unsaved == locked)
    }

    @Test("a record that this version cannot read is no login and no crash", arguments: ["", "{}", "not json", "[]"])
    func unreadable(text: String) async throws {
        let fixture = try VaultFixture()
        fixture.store.put(StoredRecord(key: fixture.key, issuer: "https://i", secret: SecretBytes(text)))
        await #expect(throws: TokenFailure.loginRequired(.notLoggedIn)) { try await fixture.token() }
    }

    @Test("a credential survives its record, byte for byte")
    func record() throws {
        let fixture = try VaultFixture()
        let credential = fixture.credential("r\"1/é", generation: .max, secret: "s")
        #expect(Credential(credential.record) == credential)
    }

    @Test("a record that was copied to another account's key is refused")
    func swapped() throws {
        let fixture = try VaultFixture()
        var record = fixture.credential("r1").record
        record.key.account = try #require(AccountName("other"))
        #expect(Credential(record) == nil)
    }
}
