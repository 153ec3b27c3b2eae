import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct LockTests {
    let journal = RecordingJournal()

    private func fixture(_ limits: LockLimits = LockLimits()) async throws -> VaultFixture {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2")), journal: journal)
        fixture.vault.apply(limits)
        await fixture.loggedIn()
        return fixture
    }

    private func refusal(_ fixture: VaultFixture) -> TokenFailure? {
        switch fixture.vault.tokenAtOnce(minimumValidity: .zero) {
        case .failure(let failure)?: failure
        case .success?, nil: nil
        }
    }

    @Test("a locked account serves, refreshes and reads nothing; after unlocking it reads the store")
    func lock() async throws {
        let fixture = try await fixture()
        await fixture.vault.lock()
        #expect(refusal(fixture) == .locked(.requested))
        await #expect(throws: TokenFailure.locked(.requested)) { try await fixture.token() }
        let mail = try TokenTarget(scopes: ["mail"])
        await #expect(throws: TokenFailure.locked(.requested)) {
            try await fixture.vault.token(minimumValidity: .zero, for: mail)
        }
        #expect(fixture.vault.client == nil)
        #expect(fixture.vault.nextDue(keepAlive: .seconds(60)) == nil)
        #expect(fixture.vault.snapshot(keepAlive: nil).login == .locked(.requested))
        #expect(fixture.refresher.spent.isEmpty)
        fixture.vault.unlock()
        #expect(try await fixture.token() == "a2")
    }

    @Test("a lock empties memory after a running refresh, so that its refresh token is not lost")
    func duringRefresh() async throws {
        let fixture = try await fixture()
        fixture.time.advance(by: .seconds(3600))
        let request = Gate()
        fixture.refresher.hold(at: request)
        async let token = try? fixture.token()
        await request.arrived()
        async let locked: Void = fixture.vault.lock()
        await eventually { self.refusal(fixture) == .locked(.requested) }
        request.open()
        await locked
        #expect(await token == nil)
        let stored = try #require(fixture.storedCredential)
        let newest = try await journal.finding(after: stored).newer ?? stored
        #expect(newest.refreshToken == SecretBytes("r2"))
        fixture.vault.unlock()
        #expect(try await fixture.token() == "a2")
        #expect(fixture.refresher.spent == ["r1", "r2"])
    }

    @Test("what the store did not take stays in memory unserved, and is dropped once it is written")
    func unsaved() async throws {
        let fixture = try VaultFixture()
        fixture.store.fail(StoreFailure(.locked, "the keyring is locked"))
        await fixture.loggedIn()
        await fixture.vault.lock()
        #expect(refusal(fixture) == .locked(.requested))
        #expect(fixture.vault.client != nil)
        fixture.store.fail(nil)
        fixture.time.advance(by: Backoff.longest)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.vault.client == nil)
    }

    @Test(
        "lock_after counts from the last request, lifetime from the login, also without an event")
    func limits() async throws {
        let fixture = try await fixture(LockLimits(idle: .seconds(600), lifetime: .seconds(1500)))
        for _ in 0..<2 {
            fixture.time.advance(by: .seconds(599))
            #expect(try await fixture.token() == "a1")
        }
        fixture.time.advance(by: .seconds(302))
        #expect(refusal(fixture) == .locked(.lifetime))
        fixture.vault.unlock()
        #expect(refusal(fixture) == nil)
        fixture.time.advance(by: .seconds(600))
        #expect(refusal(fixture) == .locked(.idle))
        #expect(fixture.vault.client != nil)
        #expect(try #require(fixture.vault.nextDue(keepAlive: nil)) <= fixture.time.now)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.vault.client == nil)
        #expect(fixture.vault.nextDue(keepAlive: nil) == nil)
    }

    @Test("limits that are set later count from then on")
    func later() async throws {
        let fixture = try await fixture()
        fixture.time.advance(by: .seconds(1000))
        fixture.vault.apply(LockLimits(lifetime: .seconds(600)))
        #expect(refusal(fixture) == nil)
        fixture.time.advance(by: .seconds(600))
        #expect(refusal(fixture) == .locked(.lifetime))
    }
}
