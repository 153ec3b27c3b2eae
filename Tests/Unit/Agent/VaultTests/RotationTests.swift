import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// A crash or a dead store at each step of a rotation: costs no login that a client can save.
struct RotationTests {
    let journal = RecordingJournal()
    let dead = StoreFailure(.hung, "the keyring does not answer")
    let full = StoreFailure(.failed, "no space left on device")

    private func fixture(_ script: RefreshReply = .renewed(access: "a2", refresh: "r2")) throws -> VaultFixture {
        try VaultFixture(ScriptedRefresher(script), journal: journal)
    }

    /// Logged in, and so long ago that the token has expired.
    private func loggedIn(_ script: RefreshReply = .renewed(access: "a2", refresh: "r2")) async throws -> VaultFixture {
        let fixture = try fixture(script)
        await fixture.loggedIn()
        fixture.time.advance(by: .seconds(3600))
        return fixture
    }

    @Test("the order is intent, request, journal, token served, copy to the store, journal cleared")
    func order() async throws {
        let fixture = try await loggedIn()
        let request = Gate()
        fixture.refresher.hold(at: request)
        async let token = fixture.token()
        await request.arrived()
        #expect(journal.operations == [.clear(1), .forget, .begin(1)])
        request.open()
        #expect(try await token == "a2")
        #expect(journal.operations == [.clear(1), .forget, .begin(1), .complete(2)])
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
        #expect(journal.operations.last == .clear(2))
        #expect(try #require(fixture.vault.nextDue(keepAlive: nil)) > fixture.time.now)
    }

    @Test("a store that hangs at the copy delays no token, and receives the newest in the end")
    func hangingCopy() async throws {
        let fixture = try await loggedIn()
        let write = Gate()
        fixture.store.hold(at: write)
        #expect(try await fixture.token() == "a2")
        async let copied: Void = fixture.vault.runDue(keepAlive: nil)
        await write.arrived()
        fixture.refresher.answer(.renewed(access: "a3", refresh: "r3"))
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.token() == "a3")
        write.open()
        await copied
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r3"))
        #expect(try await journal.finding(after: #require(fixture.storedCredential)) == JournalFinding())
    }

    @Test("a rotation that the store did not take survives the agent's death, and is stored later")
    func replay() async throws {
        let before = try await loggedIn()
        before.store.fail(dead)
        #expect(try await before.token() == "a2")
        await before.vault.runDue(keepAlive: nil)
        #expect(before.vault.snapshot(keepAlive: nil).unsaved == dead)

        let after = try fixture(.renewed(access: "a3", refresh: "r3"))
        after.store.put(try #require(before.storedCredential).record)
        #expect(try await after.token() == "a3")
        #expect(after.refresher.spent == ["r2"])
        await after.vault.runDue(keepAlive: nil)
        #expect(after.storedCredential?.refreshToken == SecretBytes("r3"))
    }

    @Test("after a death during a request the old token is tried once; if it is dead, the rotation was lost")
    func rotationLost() async throws {
        let before = try await loggedIn()
        let request = Gate()
        before.refresher.hold(at: request)
        async let unanswered = before.token()
        await request.arrived()

        let after = try fixture(.dead)
        after.store.put(try #require(before.storedCredential).record)
        for _ in 0..<3 {
            await #expect(throws: TokenFailure.loginRequired(.rotationLost)) { try await after.token() }
        }
        #expect(after.refresher.spent == ["r1"])

        let later = try fixture()
        later.store.put(try #require(after.storedCredential).record)
        await #expect(throws: TokenFailure.loginRequired(.rotationLost), "a restart changes nothing") {
            try await later.token()
        }
        #expect(later.refresher.spent.isEmpty)
        request.open()
        _ = try await unanswered
    }

    @Test("after a death during a request one refusal without an OAuth error is enough to end the login")
    func rotationLostWithoutAWord() async throws {
        let before = try await loggedIn()
        try await journal.begin(#require(before.storedCredential))
        let after = try fixture(.rejected(status: 400, detail: "empty body"))
        after.store.put(try #require(before.storedCredential).record)
        for _ in 0..<3 {
            await #expect(throws: TokenFailure.loginRequired(.rotationLost)) { try await after.token() }
            after.time.advance(by: Backoff.longest)
        }
        #expect(after.refresher.spent == ["r1"])
        #expect(after.storedCredential?.refreshToken == SecretBytes("r1"))
    }

    @Test("after a death during a request an accepted old token clears the doubt")
    func oldTokenAccepted() async throws {
        let before = try await loggedIn()
        await before.vault.settle()
        try await journal.begin(#require(before.storedCredential))
        let after = try fixture()
        after.store.put(try #require(before.storedCredential).record)
        #expect(try await after.token() == "a2")
        after.refresher.answer(.dead)
        after.time.advance(by: .seconds(3600))
        await #expect(throws: TokenFailure.loginRequired(.grantExpired)) { try await after.token() }
    }

    @Test("if neither the journal nor the store can be written, no refresh token is spent")
    func noRoom() async throws {
        let fixture = try await loggedIn()
        journal.fail(full)
        fixture.store.fail(full)
        await #expect(throws: TokenFailure.store(full)) { try await fixture.token() }
        #expect(fixture.refresher.spent.isEmpty)
        fixture.store.fail(nil)
        fixture.time.advance(by: Backoff.longest)
        #expect(try await fixture.token() == "a2")
    }

    @Test("if the journal fails, the store has the new refresh token before the access token is served")
    func storeFirst() async throws {
        let fixture = try await loggedIn()
        journal.fail(full)
        let write = Gate()
        fixture.store.hold(at: write)
        async let token = fixture.token()
        await write.arrived()
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero) == nil)
        write.open()
        #expect(try await token == "a2")
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
    }

    @Test("a logout clears the journal, so that nothing can bring the login back")
    func logout() async throws {
        let fixture = try await loggedIn()
        let stored = try #require(fixture.storedCredential)
        fixture.store.fail(dead)
        _ = try await fixture.token()
        fixture.store.fail(nil)
        let ended = try await fixture.vault.signOut()
        #expect(ended.credential?.refreshToken == SecretBytes("r2"))
        try await fixture.vault.forget(ended)
        #expect(try await journal.finding(after: stored) == JournalFinding())
        #expect(fixture.store.records.isEmpty)
    }

    @Test("a refresh that replaces nothing leaves nothing in the journal")
    func noRotation() async throws {
        let fixture = try await loggedIn(.renewed(access: "a2"))
        #expect(try await fixture.token() == "a2")
        #expect(journal.operations == [.clear(1), .forget, .begin(1), .abandon(1)])
    }

    @Test("a write that timed out but was carried out counts once it is read back")
    func timedOut() async throws {
        let fixture = try await loggedIn()
        fixture.store.timeOutAfterWriting(dead)
        #expect(try await fixture.token() == "a2")
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.vault.snapshot(keepAlive: nil).unsaved == nil)
        #expect(journal.operations.last == .clear(2))
    }

    @Test("an agent that stops while its store is dead keeps what is in the journal")
    func stop() async throws {
        let fixture = try await loggedIn()
        _ = try await fixture.token()
        fixture.store.fail(dead)
        try await fixture.vault.flush()
        #expect(try await journal.finding(after: #require(fixture.storedCredential)).newer != nil)
    }

    @Test("a new login that the store does not take is journaled if the store has the previous login's key")
    func newLogin() async throws {
        let fixture = try await loggedIn()
        fixture.store.fail(dead)
        await fixture.loggedIn(access: "b1", refresh: "q1")
        let newer = try await journal.finding(after: #require(fixture.storedCredential)).newer
        #expect(newer?.refreshToken == SecretBytes("q1"))
    }

    @Test("a rotation for a target is journaled as well")
    func target() async throws {
        let fixture = try await loggedIn()
        fixture.store.fail(dead)
        let mail = try TokenTarget(scopes: ["mail"])
        _ = try await fixture.vault.token(minimumValidity: .zero, for: mail)
        #expect(try await journal.finding(after: #require(fixture.storedCredential)).newer?.generation == 2)
    }

    @Test("a login that the store has never taken is not journaled: its key would be lost with the agent")
    func neverStored() async throws {
        let fixture = try fixture()
        fixture.store.fail(dead)
        await fixture.loggedIn()
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.token() == "a2")
        #expect(journal.operations.isEmpty)
        await #expect(throws: dead) { try await fixture.vault.flush() }
        // A lock does not forget it either.
        await fixture.vault.lock()
        fixture.store.fail(nil)
        fixture.time.advance(by: Backoff.longest)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
    }

    @Test(
        "a reply that spends nothing withdraws the intent, so that a restart has no doubt",
        arguments: [RefreshReply.down, .rejected(status: 400, detail: ""), .changed("it has moved")])
    func notSpent(reply: RefreshReply) async throws {
        let before = try await loggedIn(reply)
        _ = try? await before.token()
        let stored = try #require(before.storedCredential)
        #expect(try await journal.finding(after: stored) == JournalFinding())
        let after = try fixture(.rejected(status: 400, detail: ""))
        after.store.put(stored.record)
        await #expect(throws: TokenFailure.providerRejected(detail: "status 400: ")) { try await after.token() }
    }

    @Test("a request that was not answered leaves the intent for the next agent")
    func unanswered() async throws {
        let before = try await loggedIn(.unanswered(detail: "it broke"))
        _ = try? await before.token()
        let after = try fixture(.dead)
        after.store.put(try #require(before.storedCredential).record)
        await #expect(throws: TokenFailure.loginRequired(.rotationLost)) { try await after.token() }
    }

    @Test(
        "after an unreadable reply the old token is tried, and only invalid_grant means it was spent")
    func unreadable() async throws {
        let unreadable = RefreshReply.unanswered(detail: "the reply is neither JSON nor a form")
        func fixture(_ next: RefreshReply) async throws -> VaultFixture {
            let fixture = try await loggedIn(unreadable)
            await #expect(throws: TokenFailure.providerUnreachable(detail: "the reply is neither JSON nor a form")) {
                try await fixture.token()
            }
            #expect(try await journal.finding(after: #require(fixture.storedCredential)).isBegun)
            fixture.refresher.answer(next)
            fixture.time.advance(by: Backoff.longest)
            return fixture
        }
        let dead = try await fixture(.dead)
        await #expect(throws: TokenFailure.loginRequired(.rotationLost)) { try await dead.token() }

        let alive = try await fixture(.renewed(access: "a3", refresh: "r3"))
        #expect(try await alive.token() == "a3")
        #expect(alive.refresher.spent == ["r1", "r1"])
        alive.refresher.answer(.dead)
        alive.time.advance(by: .seconds(3600))
        await #expect(throws: TokenFailure.loginRequired(.grantExpired), "that was settled") { try await alive.token() }

        let refused = try await fixture(.rejected(status: 400, detail: ""))
        for _ in 1...2 {
            await #expect(throws: TokenFailure.providerRejected(detail: "status 400: ")) { try await refused.token() }
            refused.time.advance(by: Backoff.longest)
        }
        await #expect(throws: TokenFailure.loginRequired(.providerRejected)) { try await refused.token() }
        #expect(refused.storedCredential?.refreshToken == SecretBytes("r1"))
    }

    @Test("a reply about the client, or an outage, does not settle an earlier unreadable reply")
    func stillOpen() async throws {
        for reply in [
            RefreshReply.down, .misconfigured(ProviderError(code: "invalid_client", status: 401)),
            .needsPerson(ProviderError(code: "interaction_required", status: 400)),
        ] {
            let fixture = try await loggedIn(.unanswered(detail: "html"))
            _ = try? await fixture.token()
            fixture.refresher.answer(reply)
            fixture.time.advance(by: Backoff.longest)
            _ = try? await fixture.token()
            #expect(try await journal.finding(after: #require(fixture.storedCredential)).isBegun)
            fixture.refresher.answer(.dead)
            fixture.time.advance(by: Backoff.longest)
            await #expect(throws: TokenFailure.loginRequired(.rotationLost)) { try await fixture.token() }
        }
    }

    @Test("an unreadable reply to a request for other scopes counts as well")
    func unreadableForTarget() async throws {
        let fixture = try await loggedIn(.unanswered(detail: "html"))
        let mail = try TokenTarget(scopes: ["mail"], resources: [], audience: nil)
        _ = try? await fixture.vault.token(minimumValidity: .seconds(60), for: mail)
        fixture.refresher.answer(.dead)
        fixture.time.advance(by: Backoff.longest)
        await #expect(throws: TokenFailure.loginRequired(.rotationLost)) { try await fixture.token() }
    }

    @Test("an outage does not settle the doubt that an earlier agent left")
    func suspicionStays() async throws {
        let before = try await loggedIn()
        try await journal.begin(#require(before.storedCredential))
        let after = try fixture(.down)
        let stored = try #require(before.storedCredential)
        after.store.put(stored.record)
        _ = try? await after.token()
        #expect(try await journal.finding(after: stored).isBegun)
    }

    @Test("a new login is not affected by what an earlier one left in the journal")
    func earlierEntries() async throws {
        let fixture = try await loggedIn()
        try await journal.complete(fixture.credential("r9", generation: 9))
        await fixture.loggedIn(access: "b1", refresh: "q1")
        #expect(try await journal.finding(after: #require(fixture.storedCredential)) == JournalFinding())
    }

    @Test("a logout that could not reach the store is completed by a restart, not undone")
    func logoutWithoutStore() async throws {
        let before = try await loggedIn()
        _ = try await before.token()
        let stored = try #require(before.storedCredential)
        before.store.fail(dead)
        let ended = try await before.vault.signOut()
        await #expect(throws: dead) { try await before.vault.forget(ended) }

        let after = try fixture()
        after.store.put(stored.record)
        await #expect(throws: TokenFailure.loginRequired(.notLoggedIn)) { try await after.token() }
        #expect(after.refresher.spent.isEmpty)
        // No request waits for the store, which may ask a person before it deletes.
        await eventually("the logout is not completed") { after.storedCredential == nil }
        await after.loggedIn(access: "b1", refresh: "q1")
        #expect(try await after.token() == "b1")
        #expect(after.storedCredential?.refreshToken == SecretBytes("q1"))
    }

    @Test("if the store cannot be read to confirm it, invalid_grant does not end the login")
    func deathUnconfirmed() async throws {
        let fixture = try await loggedIn(.dead)
        journal.fail(nil)
        fixture.store.fail(dead)
        await #expect(throws: TokenFailure.store(dead)) { try await fixture.token() }
        fixture.store.fail(nil)
        fixture.time.advance(by: Backoff.longest)
        await #expect(throws: TokenFailure.loginRequired(.grantExpired)) { try await fixture.token() }
    }
}
