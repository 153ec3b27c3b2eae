import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct StoreTroubleTests {
    let locked = StoreFailure(.locked, "the keyring is locked")

    @Test("a locked store fails at once, is not read at every request, and its unlocking is noticed")
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

    @Test("if the store fails during a rotation, the token is served and the credential written later")
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

    @Test(
        "a record that was edited, or written by a newer version, is named, and a new login works",
        arguments: ["", "{}", "not json", "[]"] + Self.damagedNumbers)
    func unreadable(text: String) async throws {
        let fixture = try VaultFixture()
        fixture.store.put(StoredRecord(key: fixture.key, issuer: "https://i", secret: SecretBytes(text)))
        await #expect(throws: TokenFailure.loginRequired(.recordUnreadable)) { try await fixture.token() }
        await fixture.loggedIn(access: "b1", refresh: "q1")
        #expect(try await fixture.token() == "b1")
    }

    /// Numbers that would crash the agent when it adds to them.
    static let damagedNumbers = [
        (1, "18446744073709551615", "0"), (1, "1", "-9223372036854775808"), (1, "1", "9223372036854775807"),
        (1, "4611686018427387903", "0"), (1, "2305843009213693953", "0"), (2, "1", "0"),
    ].map { version, generation, grantedAt in
        #"{"version":\#(version),"account":"work","generation":\#(generation),"issuer":"https://issuer.example","#
            + #""client_id":"tv","refresh_token":"r1","scope":[],"granted_at":\#(grantedAt)}"#
    }

    @Test("a store that is unlocked later is noticed without a request")
    func noticed() async throws {
        let fixture = try VaultFixture()
        fixture.stored("r1")
        fixture.store.fail(locked)
        await fixture.vault.readIfUnread()
        #expect(fixture.vault.isUnread)
        fixture.store.fail(nil)
        let due = try #require(fixture.vault.nextDue(keepAlive: nil))
        fixture.time.advance(by: due - fixture.time.now)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(!fixture.vault.isUnread)
        #expect(fixture.vault.nextDue(keepAlive: nil) == nil)
    }

    @Test("a credential survives its record, byte for byte")
    func record() throws {
        let fixture = try VaultFixture()
        var credential = fixture.credential("r\"1/é", generation: 1 << 61, secret: "s")
        credential.endpointHosts = ["issuer.example", "oauth2.issuer.example"]
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
