import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct RefreshTests {
    @Test("a fresh token is served at once, without the provider or the store")
    func cached() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let operations = fixture.store.operations.count
        let answer = try #require(fixture.vault.tokenAtOnce(minimumValidity: .seconds(60)))
        #expect(try answer.get().token.secret.revealedText() == "a1")
        #expect(fixture.refresher.spent.isEmpty)
        #expect(fixture.store.operations.count == operations)
    }

    @Test(
        "A1: an access token's content decides nothing: garbage and an expired JWT are served",
        arguments: ["~garbage~", "e30.eyJleHAiOjF9.c2ln", "{\"exp\":1}"])
    func opaque(access: String) async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(access: access)
        #expect(try await fixture.token() == access)
        #expect(fixture.refresher.spent.isEmpty)
    }

    @Test("500 callers at expiry share one refresh")
    func singleFlight() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        fixture.time.advance(by: .seconds(3590))
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<500 { group.addTask { try await fixture.token() } }
            await gate.arrived()
            gate.open()
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(tokens == ["a2"])
        #expect(fixture.refresher.spent == ["r1"])
    }

    @Test("T4: a new refresh token replaces the old one, durable before the new access token is served")
    func rotation() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2")))
        fixture.stored("r1")
        let gate = Gate()
        fixture.store.hold(at: gate)
        async let token = fixture.token()
        await gate.arrived()
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero) == nil)
        gate.open()
        #expect(try await token == "a2")
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
        #expect(fixture.storedCredential?.generation == 2)
    }

    @Test("T4: a reply without a refresh token keeps the old one and writes nothing")
    func noRotation() async throws {
        let fixture = try VaultFixture()
        fixture.stored("r1")
        #expect(try await fixture.token() == "a2")
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        #expect(!fixture.store.operations.contains(.save(fixture.key)))
    }

    @Test("a client that disconnects does not cancel the refresh")
    func clientLeaves() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2")))
        fixture.stored("r1")
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        let client = Task { try? await fixture.token() }
        await gate.arrived()
        client.cancel()
        gate.open()
        _ = await client.value
        await fixture.vault.settle()
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
    }

    @Test("a provider's failure keeps the credential, and a token that is still valid is served with a note")
    func outage() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        await fixture.loggedIn()
        fixture.time.advance(by: .seconds(3590))
        let served = try await fixture.vault.token(minimumValidity: .seconds(60))
        #expect(served.token.secret == SecretBytes("a1"))
        #expect(served.note == .renewalFailed(.providerUnreachable(detail: "no route")))
        #expect(served.secondsLeft == 10)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
    }

    @Test("an expired token is never served, time in suspend included")
    func expired() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        await fixture.loggedIn()
        fixture.time.advance(by: .seconds(3600))
        await #expect(throws: TokenFailure.providerUnreachable(detail: "no route")) { try await fixture.token(0) }
    }

    @Test("a step of the wall clock neither expires a token nor keeps a stale one", arguments: [-86_400, 86_400])
    func wallClock(step: Int) async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        fixture.time.stepWall(by: step)
        #expect(try await fixture.token() == "a1")
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.token() == "a2")
    }

    @Test("after an outage the next request refreshes; during it, requests do not add attempts")
    func resumes() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        fixture.stored("r1")
        for _ in 0..<20 { _ = try? await fixture.token() }
        #expect(fixture.refresher.spent.count == 1)
        fixture.refresher.answer(.renewed(access: "a2"))
        fixture.time.advance(by: Backoff.clientGap)
        #expect(try await fixture.token() == "a2")
    }

    @Test("after a failed refresh a valid token is served at once, and no caller waits for the next refresh")
    func unwatchedRefresh() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        await fixture.loggedIn(access: "a1", refresh: "r1")
        fixture.time.advance(by: .seconds(3570))
        #expect(try await fixture.token() == "a1")
        fixture.time.advance(by: Backoff.clientGap)
        // The provider does not answer: a caller that waited for it would never return.
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        fixture.refresher.answer(.renewed(access: "a2"))
        let served = try #require(fixture.vault.tokenAtOnce(minimumValidity: .seconds(60)))
        #expect(try served.get().note == .renewalFailed(.providerUnreachable(detail: "no route")))
        #expect(try await fixture.token() == "a1")
        await gate.arrived()
        gate.open()
        await fixture.vault.settle()
        #expect(try await fixture.token() == "a2")
        #expect(fixture.refresher.spent.count == 2)
    }

    @Test("a request beyond the provider's lifetime is served with a note, without a refresh at every call")
    func shortLived() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", expiresIn: 300)))
        fixture.stored("r1")
        for _ in 0..<5 {
            let served = try await fixture.vault.token(minimumValidity: .seconds(3600))
            #expect(served.note == .providerTokensAreShorter)
        }
        #expect(fixture.refresher.spent.count == 1)
    }

    @Test("scopes that a renewal no longer grants count as lost until granted again, also after a restart")
    func lostScope() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2", scope: ["a", "b"])))
        await fixture.loggedIn()
        fixture.time.advance(by: .seconds(3600))
        _ = try await fixture.token()
        fixture.refresher.answer(
            .renewed(access: "a3", refresh: "r3", scope: ["a"]), .renewed(access: "a4", refresh: "r4"),
            .renewed(access: "a5", refresh: "r5", scope: ["B", "a"]))
        for lost in [["openid", "b"], ["openid", "b"], ["openid"]] {
            fixture.time.advance(by: .seconds(3600))
            let served = try await fixture.vault.token(minimumValidity: .seconds(60))
            #expect(served.token.lostScope.sorted() == lost.sorted())
            await fixture.vault.runDue(keepAlive: nil)
            #expect(fixture.storedCredential?.lostScope.sorted() == lost.sorted())
            #expect(fixture.vault.snapshot(keepAlive: nil).lostScope.sorted() == lost.sorted())
        }
    }

    @Test("a token for a part of the login's scopes loses none of them")
    func narrowIsNoLoss() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1", refresh: "r2", scope: ["openid"])))
        await fixture.loggedIn()
        let target = try TokenTarget(scopes: ["openid"], resources: [], audience: nil)
        _ = try await fixture.vault.token(minimumValidity: .seconds(60), for: target)
        #expect(fixture.vault.snapshot(keepAlive: nil).lostScope == [])
    }
}
