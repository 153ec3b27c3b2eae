import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The disk of the keyring's files is full. This test needs root, to mount one.
@Suite(.timeLimit(.minutes(5)))
struct KeyringDiskTests {
    @Test("with a full keyring disk tokens are served, the account is unsaved, and is saved later")
    func full() async throws {
        try #require(getuid() == 0, "this test mounts a disk, which only root can")
        let disk = try await SmallDisk(kibibytes: 64)
        let keyring = try await PrivateKeyring(data: disk.path)
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration, keyring: keyring)
        try await demo.logIn()
        try await demo.tokenExpires()
        try disk.fill()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        try await eventually("the account is not shown as unsaved") { try await state(demo) == .unsaved }
        // Neither a restart of the agent nor of the keyring loses the unsaved record.
        await demo.home.killDaemon()
        await keyring.killProvider()
        disk.makeRoom()
        try await keyring.startProvider()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        try await eventually("the keyring does not get the new refresh token") {
            demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")]
        }
    }

    private func state(_ demo: DemoLogin) async throws -> AccountStatus.State? {
        let status = try await demo.home.authagent("status", "work", "--json")
        return try APIJSON.decode(StatusReport.self, from: status.output.utf8).accounts.first?.state
    }
}
