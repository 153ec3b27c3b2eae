import Agent
import AgentAPI
import Foundation
import SealedStorage
import TestSupport
import Testing
import Vault

/// The lock of the whole agent.
struct LockTests {
    let fixture: AgentFixture

    init() async throws {
        fixture = try AgentFixture()
        try await fixture.completeLogin()
    }

    private func problem(_ body: () async throws(Problem) -> Void) async -> Problem? {
        do throws(Problem) {
            try await body()
            return nil
        } catch { return error }
    }

    private func tokenProblem() async -> Problem? {
        await problem { () throws(Problem) in _ = try await fixture.agent.token(fixture.name, TokenRequest()) }
    }

    @Test("a locked agent refuses tokens, logins, logouts and store changes; unlocked, it continues")
    func lock() async throws {
        _ = try await fixture.agent.lock(LockRequest())
        let refused = await tokenProblem()
        #expect(refused?.code == .locked)
        #expect(refused?.hint == "run 'authagent unlock'")
        let atOnce = fixture.agent.tokenAtOnce(fixture.name, TokenRequest())
        #expect(atOnce == refused.map { .failure($0) })
        let others: [Problem?] = [
            await problem { () throws(Problem) in _ = try await fixture.agent.login(fixture.name, LoginRequest()) },
            await problem { () throws(Problem) in _ = try await fixture.agent.logout(fixture.name, LogoutRequest()) },
            await problem { () throws(Problem) in
                _ = try await fixture.agent.changeStore(StoreRequest(.initialize, keySource: .credential))
            },
            await problem { () throws(Problem) in _ = try await fixture.agent.inspect(fixture.name, InspectRequest()) },
        ]
        #expect(others.allSatisfy { $0?.code == .locked }, "\(others)")
        let status = await fixture.agent.status()
        #expect(status.agent.locked == true)
        #expect(status.accounts.map(\.state) == [.locked])
        try await fixture.agent.reload()
        #expect(await tokenProblem()?.code == .locked)

        _ = try await fixture.agent.unlock(UnlockRequest())
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(await fixture.agent.status().agent.locked == nil)
    }

    @Test("an account whose file is added while the agent is locked is locked as well")
    func laterAccount() async throws {
        _ = try await fixture.agent.lock(LockRequest())
        let accounts = fixture.files.path + "/user"
        try FileManager.default.copyItem(atPath: accounts + "/work.toml", toPath: accounts + "/other.toml")
        let other = try #require(AccountName("other"))
        let refused = await problem { () throws(Problem) in _ = try await fixture.agent.token(other, TokenRequest()) }
        #expect(refused?.code == .locked)
        try await fixture.agent.reload()
        #expect(fixture.agent.tokenAtOnce(other, TokenRequest())?.isLocked == true)
    }

    @Test("a lock ends a pending login, which leaves nothing behind")
    func pendingLogin() async throws {
        let other = try #require(AccountName("other"))
        let log = EventLog(try await fixture.agent.login(other, AgentFixture.request))
        _ = await log.prompt()
        _ = try await fixture.agent.lock(LockRequest())
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "locked")
    }

    @Test("a lock's passphrase is needed to unlock, and each wrong one doubles the next delay")
    func passphrase() async throws {
        _ = try await fixture.agent.lock(LockRequest(passphrase: "correct horse"))
        // A second lock neither opens it nor changes the passphrase.
        _ = try await fixture.agent.lock(LockRequest())
        _ = try await fixture.agent.lock(LockRequest(passphrase: "another one"))
        let missing = await problem { () throws(Problem) in _ = try await fixture.agent.unlock(UnlockRequest()) }
        #expect(missing?.reason == Problem.passphraseRequired)
        let wrong = UnlockRequest(passphrase: "another one")
        #expect(
            await problem { () throws(Problem) in _ = try await fixture.agent.unlock(wrong) }?.code == .wrongPassphrase)
        for wait in [1, 2, 4] {
            let sleepers = fixture.time.sleeperCount
            async let second = problem { () throws(Problem) in _ = try await fixture.agent.unlock(wrong) }
            await eventually { fixture.time.sleeperCount > sleepers }
            // Other requests are answered meanwhile.
            #expect(fixture.agent.tokenAtOnce(fixture.name, TokenRequest())?.isLocked == true)
            fixture.time.advance(by: .milliseconds(wait * 1000 - 1))
            #expect(fixture.time.sleeperCount > sleepers)
            fixture.time.advance(by: .milliseconds(1))
            #expect(await second?.code == .wrongPassphrase)
        }
        fixture.time.advance(by: .seconds(60))
        _ = try await fixture.agent.unlock(UnlockRequest(passphrase: "correct horse"))
        #expect(await tokenProblem() == nil || fixture.provider.requests(.token).count > 1)
    }

    @Test("a wrong passphrase that waits does not delay the right one")
    func passphraseBesideOthers() async throws {
        _ = try await fixture.agent.lock(LockRequest(passphrase: "correct horse"))
        @Sendable func unlock(_ passphrase: String) async -> Problem? {
            await problem { () throws(Problem) in
                _ = try await fixture.agent.unlock(UnlockRequest(passphrase: passphrase))
            }
        }
        _ = await unlock("another one")
        let sleepers = fixture.time.sleeperCount
        async let wrong = unlock("another one")
        await eventually { fixture.time.sleeperCount == sleepers + 1 }
        async let right = unlock("correct horse")
        await eventually { fixture.time.sleeperCount == sleepers + 2 }
        fixture.time.advance(by: .seconds(1))
        #expect(await right == nil)
        #expect(await [nil, .wrongPassphrase].contains(wrong?.code))
    }

    @Test("a lock closes a sealed store with a passphrase, and that passphrase opens both")
    func sealed() async throws {
        let request = StoreRequest(.initialize, keySource: .passphrase, passphrase: "correct horse")
        _ = try await fixture.agent.changeStore(request)
        let two = await problem { () throws(Problem) in
            _ = try await fixture.agent.lock(LockRequest(passphrase: "a second one"))
        }
        #expect(two?.code == .badRequest)
        _ = try await fixture.agent.lock(LockRequest())
        #expect(await fixture.sealed.probe().state == .locked)
        let missing = await problem { () throws(Problem) in _ = try await fixture.agent.unlock(UnlockRequest()) }
        #expect(missing?.reason == Problem.passphraseRequired)
        _ = try await fixture.agent.unlock(UnlockRequest(passphrase: "correct horse"))
        #expect(await fixture.sealed.probe().state == .ok)
        // The open store needs no passphrase, but reports a wrong one.
        _ = try await fixture.agent.unlock(UnlockRequest())
        let wrong = UnlockRequest(passphrase: "another one")
        #expect(
            await problem { () throws(Problem) in _ = try await fixture.agent.unlock(wrong) }?.code == .wrongPassphrase)
        #expect(await fixture.sealed.probe().state == .ok)
    }
}

extension Result where Failure == Problem {
    fileprivate var isLocked: Bool {
        if case .failure(let problem) = self { problem.code == .locked } else { false }
    }
}
