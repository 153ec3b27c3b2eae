import Agent
import AgentAPI
import Configuration
import Foundation
import OAuth
import TestSupport
import Testing
import Vault

struct StatusTests {
    @Test("status shows each account's state, and the keyring's")
    func states() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        var report = await fixture.agent.status()
        #expect(report.agent.storeState == .ok)
        #expect(report.accounts.map(\.state) == [.ok])
        #expect(report.accounts.first?.issuer == FakeProvider.issuer)

        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        report = await fixture.agent.status()
        #expect(report.accounts.map(\.state) == [.loginRequired])
        #expect(report.accounts.first?.hint?.contains("authagent login work") == true)
    }

    @Test("status shows when the login itself expires, and the command shortly before")
    func endOfLogin() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(
            .token,
            .json(200, #"{"access_token":"a","token_type":"Bearer","refresh_token":"r","refresh_expires_in":1000}"#))
        let log = try await fixture.login()
        await fixture.passInterval()
        _ = await log.events()
        let end = fixture.time.wall + 1000
        var status = try await fixture.agent.status(of: fixture.name)
        #expect(status.loginExpiresAt == end)
        #expect(status.hint == nil)
        fixture.time.advance(by: .seconds(901))
        status = try await fixture.agent.status(of: fixture.name)
        #expect(status.state == .ok)
        #expect(status.hint == "run 'authagent login work'")
    }

    @Test("an account whose provider is down is offline, with the reason")
    func offline() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, .failure(.unreachable("connection refused")))
        fixture.time.advance(by: .seconds(3600))
        await #expect { try await fixture.agent.token(fixture.name, TokenRequest()) } throws: {
            ($0 as? Problem)?.code == .providerUnreachable
        }
        let status = try await fixture.agent.status(of: fixture.name)
        #expect(status.state == .offline)
        #expect(status.lastError?.contains("connection refused") == true)
    }

    @Test("a locked keyring after a restart is shown as locked, not as logged out")
    func locked() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.keyring.fail(StoreFailure(.locked, "the keyring is locked"))
        let restarted = try AgentFixture(restarting: fixture)
        let status = try await restarted.agent.status(of: fixture.name)
        #expect(status.state == .locked)
        await #expect { try await restarted.agent.token(fixture.name, TokenRequest()) } throws: {
            ($0 as? Problem)?.code == .storeLocked
        }
    }

    @Test("status answers within a second while the keyring hangs")
    func hung() async throws {
        let fixture = try AgentFixture()
        let gate = Gate()
        fixture.keyring.hangProbes(at: gate)
        async let report = fixture.agent.status()
        await eventually { fixture.time.sleeperCount == 1 }
        fixture.time.advance(by: .seconds(1))
        gate.open()
        #expect(await report.agent.storeState == .hung)
    }
}

struct ReloadTests {
    private func write(_ text: String, _ name: String, _ fixture: AgentFixture) throws {
        let directory = fixture.files.path + "/user"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let file = directory + "/\(name).toml"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    }

    @Test("a new account file is known at once, without a reload")
    func droppedIn() async throws {
        let fixture = try AgentFixture()
        try write("issuer = \"https://i.example\"\nclient_id = \"x\"\n", "work", fixture)
        await #expect { try await fixture.agent.token(fixture.name, TokenRequest()) } throws: {
            ($0 as? Problem)?.code == .loginRequired
        }
    }

    @Test("a reload that would lose a login that is not stored yet is refused and changes nothing")
    func unsaved() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        fixture.keyring.fail(StoreFailure(.locked, "the keyring is locked"))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        try FileManager.default.removeItem(atPath: fixture.files.path + "/user/work.toml")
        await #expect { try await fixture.agent.reload() } throws: { ($0 as? Problem)?.code == .storeLocked }
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
    }

    @Test("a reload with one wrong file changes nothing, and names the file and the line")
    func refused() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        try write("issuer = \"https://i.example\"\nclient_id = \"x\"\nscoops = []\n", "bad", fixture)
        await #expect { try await fixture.agent.reload() } throws: { error in
            let problem = error as? Problem
            return problem?.code == .configurationError && problem?.detail.contains("bad.toml:3") == true
        }
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("after a reload with another issuer, the old login's tokens are not sent to it, not even at a logout")
    func otherIssuer() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        try write("issuer = \"https://other.example\"\nclient_id = \"tv\"\n", "work", fixture)
        try await fixture.agent.reload()
        await #expect { try await fixture.agent.token(fixture.name, TokenRequest()) } throws: { error in
            let problem = error as? Problem
            return problem?.code == .loginRequired && problem?.reason == "settings_changed"
        }
        #expect(try await fixture.agent.status(of: fixture.name).state == .loginRequired)
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(!reply.revoked)
        #expect(reply.forgotten)
        #expect(fixture.provider.requests(.token).count == 1)
        // Its own issuer gets the revocation later; the new one never sees it.
        let running = Task { try await fixture.agent.run() }
        await fixture.passInterval(2)
        await eventually { !fixture.provider.requests(.revocation).isEmpty }
        #expect(fixture.provider.urls(.revocation) == ["\(FakeProvider.issuer)/revocation"])
        running.cancel()
        _ = await running.result
    }

    @Test("a reload during a refresh keeps the rotated token: the successor reads it from the store")
    func duringRefresh() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.time.advance(by: .seconds(3600))
        let gate = Gate()
        fixture.provider.hold(at: gate)
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"), .grant(access: "a3", refresh: "r3"))
        async let token = fixture.agent.token(fixture.name, TokenRequest())
        await gate.arrived()
        // Remove and restore the account's file: the new account reads what the old one wrote.
        try FileManager.default.removeItem(atPath: fixture.files.path + "/user/work.toml")
        async let reloaded: Void = fixture.agent.reload()
        gate.open()
        _ = try? await token
        try await reloaded
        try write("issuer = \"\(FakeProvider.issuer)\"\nclient_id = \"tv\"\n", "work", fixture)
        try await fixture.agent.reload()
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a3")
        #expect(fixture.provider.requests(.token).last?.contains("refresh_token=r2") == true)
    }

    @Test("a reload adds accounts of new files and drops those of removed ones")
    func reloaded() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        try write("issuer = \"https://i.example\"\nclient_id = \"x\"\n", "new", fixture)
        try FileManager.default.removeItem(atPath: fixture.files.path + "/user/work.toml")
        try await fixture.agent.reload()
        #expect(await fixture.agent.status().accounts.map(\.account.description) == ["new"])
    }

    @Test("a reload refuses a directory that others may write to, also if it is empty, and keeps the accounts")
    func emptied() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let directory = fixture.files.path + "/user"
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: directory)
        try FileManager.default.removeItem(atPath: directory + "/work.toml")
        let problem = await #expect(throws: Problem.self) { try await fixture.agent.reload() }
        #expect(problem?.code == .configurationError)
        #expect(await fixture.agent.status().accounts.map(\.account) == [fixture.name])
    }
}
