import AgentAPI
import SecretMemory
import TestSupport
import Testing
import Vault

/// The move of an account to another store.
struct MoveTests {
    let fixture: VaultFixture
    let target = RecordingStore()

    init() throws { fixture = try VaultFixture() }

    private func failure(
        commit: @escaping @Sendable () async -> String? = { nil }
    ) async -> AccountVault.MoveFailure? {
        do throws(AccountVault.MoveFailure) {
            _ = try await fixture.vault.move(to: target, commit: commit)
            return nil
        } catch { return error }
    }

    @Test("the copy exists before the switch, and the old record until after it")
    func order() async throws {
        await fixture.loggedIn()
        let (store, key) = (fixture.store, fixture.key)
        let leftover = try await fixture.vault.move(to: target) {
            let isBoth = target.records[key] != nil && store.records[key] != nil
            return isBoth ? nil : "not both"
        }
        #expect(leftover == nil)
        #expect(store.records.isEmpty)
        #expect(target.records[key].flatMap(Credential.init)?.refreshToken == SecretBytes("r1"))
        await #expect(throws: TokenFailure.loginRequired(.notLoggedIn)) { _ = try await fixture.token() }
    }

    @Test("pending revocations move as well")
    func revocations() async throws {
        await fixture.loggedIn()
        let key = RecordKey(account: fixture.name, purpose: .revocation("1"))
        fixture.store.put(StoredRecord(key: key, issuer: "https://issuer.example", secret: SecretBytes("old")))
        #expect(await failure() == nil)
        #expect(target.records[key]?.secret == SecretBytes("old"))
        #expect(fixture.store.records.isEmpty)
    }

    @Test("a login that the old store has not taken yet moves as well")
    func unsaved() async throws {
        fixture.store.fail(StoreFailure(.locked, "locked"))
        await fixture.loggedIn()
        fixture.store.fail(nil)
        #expect(await failure() == nil)
        #expect(target.records[fixture.key].flatMap(Credential.init)?.refreshToken == SecretBytes("r1"))
    }

    @Test("if the new store fails, the account stays in the old one and no copy is left")
    func newStoreFails() async throws {
        await fixture.loggedIn()
        target.fail(StoreFailure(.failed, "full"))
        #expect(await failure() == .newStore(StoreFailure(.failed, "full")))
        target.fail(nil)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        #expect(target.records.isEmpty)
        #expect(try await fixture.token() == "a1")
    }

    @Test("if the switch fails, the account stays in the old store")
    func notCommitted() async throws {
        await fixture.loggedIn()
        #expect(await failure { "read-only" } == .notCommitted("read-only"))
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        #expect(try await fixture.token() == "a1")
    }

    @Test("if the old store cannot be read, or only in part, nothing moves")
    func oldStore() async throws {
        fixture.store.fail(StoreFailure(.locked, "locked"))
        #expect(await failure() == .oldStore(StoreFailure(.locked, "locked")))
        fixture.store.fail(nil)
        fixture.time.advance(by: .seconds(2))
        let record = StoredRecord(key: fixture.key, issuer: "https://issuer.example", secret: SecretBytes("?"))
        fixture.store.put(record)
        #expect(await failure() == .unreadable)
        #expect(target.records.isEmpty)
        #expect(fixture.store.records.count == 1)
    }
}
