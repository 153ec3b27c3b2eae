import Agent
import AgentAPI
import Foundation
import TestSupport
import Testing
import Vault

/// The routes of the stores.
struct StoreTests {
    let fixture: AgentFixture
    let passphrase = "correct horse"

    init() throws { fixture = try AgentFixture() }

    private func problem(_ body: () async throws(Problem) -> Void) async -> Problem? {
        do throws(Problem) {
            try await body()
            return nil
        } catch { return error }
    }

    private func make() async throws {
        let request = StoreRequest(.initialize, keySource: .passphrase, passphrase: passphrase)
        #expect(try await fixture.agent.changeStore(request).store.state == .ok)
    }

    @Test("a login without a keyring names its state, and the commands for the sealed store's current state")
    func advice() async throws {
        fixture.keyring.fail(StoreFailure(.noBus, "there is no session bus"))
        func hint(_ agent: AgentFixture) async throws -> String {
            let events = await (try await agent.login()).events()
            guard case .failed(let failure)? = events.last else { return "" }
            #expect(failure.detail.contains("no_bus"))
            #expect(failure.code == "store_unavailable")
            return failure.hint
        }
        #expect(try await hint(fixture).contains("'authagent store init --passphrase'"))
        #expect(try await hint(fixture).contains("DBUS_SESSION_BUS_ADDRESS"))
        try await make()
        #expect(try await hint(fixture).hasPrefix("for the sealed store, run the same login with --store sealed"))
        #expect(try await hint(AgentFixture(restarting: fixture)).contains("'authagent unlock'"))
        #expect(fixture.provider.requests(.device).isEmpty)
    }

    @Test("for a configured store, the hint does not propose another one")
    func chosen() async throws {
        var request = AgentFixture.request
        request.settings?.store = "keyring"
        fixture.keyring.fail(StoreFailure(.hung, "the keyring hangs"))
        let events = await (try await fixture.login(request)).events()
        guard case .failed(let failure)? = events.last else { return #expect(Bool(false)) }
        #expect(failure.detail == "the keyring hangs")
        #expect(!failure.hint.contains("--store sealed"))
    }

    @Test("a store that loses what was written does not get a hint to restart the keyring")
    func lostWrites() async throws {
        fixture.keyring.loseWrites()
        guard case .done(let result)? = try await fixture.completeLogin() else { return #expect(Bool(false)) }
        #expect(result.note?.contains("'authagent store status'") == true, "\(result.note ?? "")")
        #expect(result.note?.contains("gnome-keyring") == false)
    }

    @Test("an unlock serves the accounts at once, without waiting for the next read of the store")
    func unlock() async throws {
        try await make()
        var request = AgentFixture.request
        request.settings?.store = "sealed"
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(request)
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false)) }
        let later = try AgentFixture(restarting: fixture)
        later.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        func token() async throws(Problem) -> String {
            try await later.agent.token(later.name, TokenRequest()).accessToken
        }
        #expect(await problem { () throws(Problem) in _ = try await token() }?.code == .storeLocked)
        let wrong = await problem { () throws(Problem) in
            _ = try await later.agent.unlock(UnlockRequest(passphrase: "wrong horse"))
        }
        #expect(wrong?.code == .wrongPassphrase)
        later.time.advance(by: .seconds(1))
        // The reader remembers the last result for a moment.
        #expect(await problem { () throws(Problem) in _ = try await token() }?.code == .storeLocked)
        _ = try await later.agent.unlock(UnlockRequest(passphrase: passphrase))
        #expect(try await token() == "a2")
    }

    @Test("an invalid request for a key is refused, and creates nothing")
    func badRequests() async throws {
        let requests = [
            StoreRequest(.initialize), StoreRequest(.initialize, keySource: .file),
            StoreRequest(.initialize, keySource: .passphrase),
            StoreRequest(.initialize, keyFile: "/k", passphrase: passphrase),
            StoreRequest(.initialize, passphrase: String(repeating: "p", count: 2000)),
            StoreRequest(.initialize, passphrase: passphrase, target: "sealed"),
            StoreRequest(.migrate, keySource: .credential, target: "sealed"),
            StoreRequest(.migrate), StoreRequest(.migrate, target: "memory"), StoreRequest(.migrate, target: "moon"),
        ]
        for request in requests {
            let refused = await problem { () throws(Problem) in _ = try await fixture.agent.changeStore(request) }
            #expect(refused?.code == .badRequest, "\(request)")
            #expect(refused?.hint != nil)
        }
        #expect(await fixture.agent.stores().stores.map(\.state) == [.ok, .notInitialized])
    }

    @Test("an account whose file cannot be written is not moved, and continues")
    func migrationFails() async throws {
        try await make()
        try await fixture.completeLogin()
        // Blocks the new file.
        try fixture.files.directory("user/.work.toml.new")
        let reply = try await fixture.agent.changeStore(StoreRequest(.migrate, target: "sealed"))
        #expect(reply.moved?.map(\.moved) == [false])
        #expect(reply.moved?.first?.reason?.contains("cannot be written") == true)
        #expect(fixture.keyring.records.count == 1)
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("an account with a pending login is not moved")
    func pendingLogin() async throws {
        try await make()
        try await fixture.completeLogin()
        let log = try await fixture.login()
        _ = await log.prompt()
        let reply = try await fixture.agent.changeStore(StoreRequest(.migrate, target: "sealed"))
        #expect(reply.moved == [MovedAccount(account: fixture.name, moved: false, reason: "a login of it is pending")])
        try await fixture.agent.cancelLogin(fixture.name)
    }
}
