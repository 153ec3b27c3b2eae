import Agent
import AgentAPI
import Foundation
import SealedStorage
import SecretMemory
import TestSupport
import Testing
import Vault

/// Moving accounts, with logins and logouts at the same time.
@Suite(.timeLimit(.minutes(10)))
struct MigrationTests {
    let fixture: AgentFixture

    init() throws { fixture = try AgentFixture() }

    private func make() async throws {
        _ = try await fixture.agent.changeStore(
            StoreRequest(.initialize, keyFile: fixture.files.file("key", String(repeating: "k", count: 32)))
        )
    }

    private func logIn(_ name: AccountName, client: String = "tv", refresh: String) async throws {
        let request = LoginRequest(
            settings: LoginSettings(issuer: FakeProvider.issuer, clientID: client, scopes: ["openid"], store: "sealed"))
        fixture.provider.script(.token, .grant(access: "a", refresh: refresh))
        let log = EventLog(try await fixture.agent.login(name, request))
        await fixture.passInterval()
        guard case .done? = await log.events().last else { throw Problem(.badRequest, "\(log.soFar)", hint: "") }
    }

    /// Moves all accounts to the keyring; `meanwhile` runs while the first one is being copied.
    private func migrate(meanwhile: () async throws -> Void) async throws -> [MovedAccount] {
        let gate = Gate()
        fixture.keyring.hold(at: gate)
        let agent = fixture.agent
        async let reply = agent.changeStore(StoreRequest(.migrate, target: "keyring"))
        await gate.arrived()
        // The move must end, whatever the result of `meanwhile`.
        let result: Result<Void, any Error>
        do { result = .success(try await meanwhile()) } catch { result = .failure(error) }
        gate.open()
        let moved = try await reply.moved
        try result.get()
        return try #require(moved)
    }

    private func refusal(_ body: () async throws(Problem) -> Void) async -> Problem? {
        do throws(Problem) {
            try await body()
            return nil
        } catch { return error }
    }

    private func tokenProblem() async -> Problem? {
        await refusal { () throws(Problem) in _ = try await fixture.agent.token(fixture.name, TokenRequest()) }
    }

    @Test("during an account's move its logins and logouts are refused; later ones use the new store")
    func moving() async throws {
        try await make()
        try await logIn(fixture.name, refresh: "r1")
        let moved = try await migrate {
            let login = await refusal { () throws(Problem) in
                _ = try await fixture.agent.login(fixture.name, LoginRequest())
            }
            #expect(login?.code == .tooManyRequests)
            #expect(login?.hint == "try again in a minute")
            let logout = await refusal { () throws(Problem) in
                _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
            }
            #expect(logout?.code == .tooManyRequests)
        }
        #expect(moved == [MovedAccount(account: fixture.name, moved: true, reason: nil)])
        #expect(try await fixture.sealed.loadAll().isEmpty)
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        let log = EventLog(try await fixture.agent.login(fixture.name, LoginRequest()))
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(try await fixture.sealed.loadAll().isEmpty)
        // The file names the store that holds the login.
        let later = try AgentFixture(restarting: fixture)
        later.provider.script(.token, .grant(access: "a3", refresh: "r3"))
        #expect(try await later.agent.token(later.name, TokenRequest()).accessToken == "a3")
        #expect(later.provider.requests(.token).last?.contains("refresh_token=r2") == true)
        #expect(try await later.agent.logout(later.name, LogoutRequest(local: true)).forgotten)
        #expect(fixture.keyring.records.isEmpty)
    }

    @Test("a login that ends while other accounts are moved is moved itself")
    func loginBefore() async throws {
        try await make()
        let first = try #require(AccountName("first"))
        try await logIn(first, refresh: "f1")
        try await logIn(fixture.name, refresh: "r1")
        let moved = try await migrate {
            try await logIn(fixture.name, client: "tv2", refresh: "r2")
        }
        #expect(moved.map(\.moved) == [true, true])
        #expect(try await fixture.sealed.loadAll().isEmpty)
        let later = try AgentFixture(restarting: fixture)
        later.provider.script(.token, .grant(access: "a3", refresh: "r3"))
        #expect(try await later.agent.token(later.name, TokenRequest()).accessToken == "a3")
        #expect(later.provider.requests(.token).last?.contains("refresh_token=r2") == true)
    }

    @Test("a lock during an account's move holds in the new store as well")
    func lock() async throws {
        try await make()
        try await logIn(fixture.name, refresh: "r1")
        let agent = fixture.agent
        let gate = Gate()
        fixture.keyring.hold(at: gate)
        async let reply = agent.changeStore(StoreRequest(.migrate, target: "keyring"))
        await gate.arrived()
        async let lock = agent.lock(LockRequest())
        await eventually { await self.tokenProblem()?.code == .locked }
        gate.open()
        #expect(try await reply.moved?.map(\.moved) == [true])
        #expect(try await lock.locked)
        #expect(await tokenProblem()?.code == .locked)
        _ = try await agent.unlock(UnlockRequest())
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        #expect(await tokenProblem() == nil)
        #expect(fixture.provider.requests(.token).last?.contains("refresh_token=r1") == true)
    }

    @Test("a reload waits until moves have ended")
    func reloadWaits() async throws {
        try await make()
        try await logIn(fixture.name, refresh: "r1")
        let files = fixture.files.path + "/user"
        try FileManager.default.copyItem(atPath: files + "/work.toml", toPath: files + "/other.toml")
        let agent = fixture.agent
        func isRead() async throws -> Bool { await agent.status().accounts.count == 2 }
        let gate = Gate()
        fixture.keyring.hold(at: gate)
        async let reply = agent.changeStore(StoreRequest(.migrate, target: "keyring"))
        await gate.arrived()
        async let reloaded: Void = agent.reload()
        // Waiting is not observable; a reload that does not wait ends within this time.
        let deadline = ContinuousClock.now + .milliseconds(300)
        while ContinuousClock.now < deadline, try await !isRead() { await Task.yield() }
        #expect(try await !isRead())
        gate.open()
        #expect(try await reply.moved?.map(\.moved) == [true])
        try await reloaded
        #expect(try await isRead())
    }

    private func copy(_ generation: UInt64) -> StoredRecord {
        Credential(
            account: fixture.name, generation: generation, issuer: FakeProvider.issuer, clientID: "tv",
            clientSecret: nil, refreshToken: SecretBytes("left"), scope: [], grantedAt: fixture.time.wall
        ).record
    }

    @Test("the next move removes the copy that an interrupted one left; a newer login there stays")
    func leftover() async throws {
        try await make()
        try await logIn(fixture.name, refresh: "r1")
        fixture.keyring.put(copy(1))
        _ = try await fixture.agent.changeStore(StoreRequest(.migrate, target: "sealed"))
        #expect(fixture.keyring.records.isEmpty)
        fixture.keyring.put(copy(7))
        _ = try await fixture.agent.changeStore(StoreRequest(.migrate, target: "sealed"))
        #expect(fixture.keyring.records.count == 1)
    }

    @Test("a logout removes such a copy as well, and does not wait for a store that cannot be used")
    func leftoverOfLogout() async throws {
        try await make()
        try await logIn(fixture.name, refresh: "r1")
        fixture.keyring.put(copy(1))
        fixture.keyring.fail(StoreFailure(.noBus, "there is no session bus"))
        #expect(try await fixture.agent.logout(fixture.name, LogoutRequest()).forgotten)
        fixture.keyring.fail(nil)
        #expect(fixture.keyring.records.count == 1)
        try await logIn(fixture.name, refresh: "r2")
        #expect(try await fixture.agent.logout(fixture.name, LogoutRequest()).forgotten)
        #expect(fixture.keyring.records.isEmpty)
    }
}
