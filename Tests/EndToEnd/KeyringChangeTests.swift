import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Other programs change the agent's record in the keyring, or the bus ends while it runs.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct KeyringChangeTests {
    private let attributes = ["application", "authagent", "account", "work", "purpose", "login"]

    private func secretTool(_ arguments: [String], _ keyring: PrivateKeyring, input: String = "") async throws {
        let secretTool = try MissingProgram.require("secret-tool", package: "libsecret-tools")
        let result = try await ChildProcess.run(secretTool, arguments, environment: keyring.environment, input: input)
        #expect(result.status == 0, "\(result.errors)")
    }

    private func demo(_ keyring: PrivateKeyring) async throws -> DemoLogin {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration, keyring: keyring)
        try await demo.logIn()
        return demo
    }

    @Test("a record that was deleted while the agent runs is written again at the next rotation")
    func deletedWhileRunning() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await demo(keyring)
        try await demo.tokenExpires()
        try await secretTool(["clear"] + attributes, keyring)
        #expect(try await demo.home.authagent("token", "work").status == 0)
        await eventually("the keyring does not get the new refresh token") {
            // A missing record is not JSON.
            demo.issuer.liveRefreshTokens == [try? await keyring.refreshToken(of: "work")]
        }
    }

    @Test("after a restart a deleted record is exit code 3, and a login repairs it")
    func deletedBeforeRestart() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await demo(keyring)
        await demo.home.killDaemon()
        try await secretTool(["clear"] + attributes, keyring)
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 3, "\(result.errors)")
        #expect(result.errors.contains("no login for 'work'"), "\(result.errors)")
        try await demo.logIn()
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    @Test(
        "after a restart an edited record is named, and no process crashes", arguments: ["", "junk", "{}"])
    func edited(content: String) async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await demo(keyring)
        await demo.home.killDaemon()
        try await secretTool(["clear"] + attributes, keyring)
        // The agent's item with other contents, as after an edit in a keyring manager.
        let others = ["issuer", demo.issuer.issuer, "xdg:schema", "org.authagent.Credential"]
        try await secretTool(
            ["store", "--label=edited"] + attributes + others, keyring, input: content)
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 3, "\(result.errors)")
        #expect(result.errors.contains("the store's record cannot be read"), "\(result.errors)")
        try await demo.logIn()
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    @Test(
        "after the bus was killed, tokens are served, each state is named, and a new bus is used")
    func busRestarts() async throws {
        let keyring = try await PrivateKeyring()
        let demo = try await demo(keyring)
        try await demo.tokenExpires()
        await keyring.killBus()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        try await expect(demo, .noBus)
        try await eventually("the account is not shown as unsaved") {
            let status = try await demo.home.authagent("status", "work", "--json")
            return try APIJSON.decode(StatusReport.self, from: status.output.utf8).accounts.first?.state == .unsaved
        }
        try await keyring.startBus()
        try await expect(demo, .noProvider)
        try await keyring.startProvider()
        try await expect(demo, .ok)
        try await eventually("the keyring does not get the new refresh token") {
            demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")]
        }
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    private func expect(_ demo: DemoLogin, _ state: StoreState) async throws {
        try await eventually("the keyring is not shown as \(state)") {
            let status = try await demo.home.authagent("status", "--json")
            return try APIJSON.decode(StatusReport.self, from: status.output.utf8).agent.storeState == state
        }
    }
}
