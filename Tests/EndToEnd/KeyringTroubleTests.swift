import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The daemon with a stopped, locked or dead keyring.
@Suite(.timeLimit(.minutes(5)))
struct KeyringTroubleTests {
    @Test("a token from memory is served while the keyring's provider is stopped")
    func stopped() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        let token = try await demo.home.authagent("token", "work")
        keyring.stopProvider()
        for _ in 0..<5 { #expect(try await demo.home.authagent("token", "work").output == token.output) }
        // The keyring is reported as hung meanwhile, in status only.
        let status = try await demo.home.authagent("status", "--json")
        #expect(try APIJSON.decode(StatusReport.self, from: status.output.utf8).agent.storeState == .hung)
        #expect(try await demo.home.authagent("token", "work").output == token.output)
        keyring.resumeProvider()
    }

    @Test("after a restart a locked keyring is exit code 7 with the unlock command; unlocked, it works")
    func locked() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(keyring: keyring)
        try await demo.logIn()
        await demo.home.killDaemon()
        try await keyring.lock()
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 7)
        #expect(result.errors.contains("authagent: error: the keyring is locked"), "\(result.errors)")
        #expect(result.errors.contains("gnome-keyring-daemon --replace --unlock"))
        // On a busy machine the keyring may take longer than status waits, which is a second.
        try await eventually("status does not say that the keyring is locked") {
            let status = try await demo.home.authagent("status", "--json")
            let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
            return report.agent.storeState == .locked && report.accounts.map(\.state) == [.locked]
        }
        await keyring.killProvider()
        try await keyring.startProvider()
        try await eventually("the unlocked keyring is not noticed") {
            try await demo.home.authagent("token", "work").status == 0
        }
    }

    @Test("with a dead keyring a rotated token is served, shown as unsaved, and saved later")
    func unsaved() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(configuration, keyring: keyring)
        try await demo.logIn()
        let first = try #require(try await keyring.refreshToken(of: "work"))
        try await demo.tokenExpires()
        await keyring.killProvider()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        try await eventually("it is not shown as unsaved") {
            let status = try await demo.home.authagent("status", "work", "--json")
            let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
            return report.accounts.first?.state == .unsaved
        }
        try await keyring.startProvider()
        try await eventually("the new refresh token is not written") {
            let stored = try await keyring.refreshToken(of: "work")
            return stored != nil && stored != first
        }
        let stored = try await keyring.refreshToken(of: "work")
        #expect(demo.issuer.liveRefreshTokens == [stored])
    }

    @Test(
        "if the keyring stops during a rotation and the agent is killed, no login is lost",
        arguments: [true, false])
    func stoppedDuringRotation(resumes: Bool) async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(configuration, keyring: keyring)
        try await demo.logIn()
        let first = try #require(try await keyring.refreshToken(of: "work"))
        try await demo.tokenExpires()
        keyring.stopProvider()
        // The new refresh token is in the journal, so no caller waits for the keyring.
        #expect(try await demo.home.authagent("token", "work").status == 0)
        await demo.home.killDaemon()
        if resumes {
            keyring.resumeProvider()
        } else {
            // It never processes the calls sent to it meanwhile.
            await keyring.killProvider()
            try await keyring.startProvider()
            #expect(try await keyring.refreshToken(of: "work") == first)
        }
        #expect(try await demo.home.authagent("token", "work").status == 0)
        try await eventually("the keyring does not get the newest refresh token") {
            demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")]
        }
    }

    @Test("SIGTERM during a refresh: the reply is still processed, and the next agent has the new token")
    func terminatedInRefresh() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        let keyring = try await PrivateKeyring()
        let demo = try await DemoLogin(configuration, keyring: keyring)
        try await demo.logIn()
        try await demo.tokenExpires()
        let gate = Gate()
        demo.issuer.enqueue(.token, .wait { await gate.pass() })
        let client = try demo.home.client(["token", "work"])
        await gate.arrived()
        kill(try #require(demo.home.daemonPID), SIGTERM)
        // It has stopped listening, but not exited.
        try await eventually { try await demo.connectionIsRefused() }
        #expect(demo.home.daemonPID != nil)
        gate.open()
        #expect(await client.result().status == 0)
        await eventually { demo.home.daemonPID == nil }
        #expect(demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")])
        #expect(try await demo.home.authagent("token", "work").status == 0)
        #expect(demo.issuer.refreshCount == 2)
    }
}

extension DemoLogin {
    /// Whether no process accepts connections at the agent's socket.
    fileprivate func connectionIsRefused() async throws -> Bool {
        let curl = try MissingProgram.require("curl", package: "curl")
        let url = "http://localhost/v1/health"
        let result = try await ChildProcess.run(curl, ["-s", "--max-time", "5", "--unix-socket", home.socket, url])
        return result.status == 7
    }
}
