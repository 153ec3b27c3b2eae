import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The disk of the rotation journal fails while the agent runs. These tests need root, to mount one.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct StateDiskTests {
    enum Fault: CaseIterable {
        /// ENOSPC.
        case full
        /// RLIMIT_FSIZE, too small for the journal, but not for the helper's job. A process that does not ignore
        /// SIGXFSZ is killed.
        case fileSize
    }

    let disk: SmallDisk
    let keyring: PrivateKeyring
    let demo: DemoLogin
    let daemon: ChildProcess

    init() async throws {
        try #require(getuid() == 0, "these tests mount a disk, which only root can")
        disk = try await SmallDisk(kibibytes: 64)
        keyring = try await PrivateKeyring()
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        configuration.firstAccessTokenLifetime = 1
        demo = try await DemoLogin(configuration, keyring: keyring, disk: disk)
        daemon = try await demo.home.daemon()
        try await demo.logIn()
        try await demo.tokenExpires()
    }

    private func begin(_ fault: Fault) async throws {
        switch fault {
        case .full: try disk.fill()
        case .fileSize: try await limitFileSize("4096")
        }
    }

    private func end(_ fault: Fault) async throws {
        switch fault {
        case .full: disk.makeRoom()
        case .fileSize: try await limitFileSize("unlimited")
        }
    }

    private func limitFileSize(_ limit: String) async throws {
        let prlimit = try MissingProgram.require("prlimit", package: "util-linux")
        // Only the soft limit, which can be raised again.
        let result = try await ChildProcess.run(prlimit, ["--pid", "\(daemon.pid)", "--fsize=\(limit):unlimited"])
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test(
        "without space for the journal the token is served, and the keyring has the new refresh token",
        arguments: Fault.allCases)
    func keyringWorks(fault: Fault) async throws {
        try await begin(fault)
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 0, "\(result.errors)\(daemon.errorsSoFar)")
        // The small entry fits into the file limit, although the reserve for a longer one does not. Then the copy to
        // the keyring comes after the token.
        if fault == .full {
            #expect(demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")])
        }
        try await eventually("the keyring does not get the new refresh token") {
            demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")]
        }
        #expect(demo.issuer.refreshCount == 1)
        try await end(fault)
        #expect(daemon.isRunning)
    }

    @Test(
        "without journal and keyring no refresh token is used: exit code 7, and a token once there is space",
        arguments: Fault.allCases)
    func nothingWorks(fault: Fault) async throws {
        let stored = try await keyring.refreshToken(of: "work")
        await keyring.killProvider()
        try await begin(fault)
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 7, "\(result.output)\(result.errors)\(daemon.errorsSoFar)")
        #expect(demo.issuer.liveRefreshTokens == [stored])
        #expect(demo.issuer.refreshCount == 0)
        try await end(fault)
        try await eventually("no token although there is space") {
            try await demo.home.authagent("token", "work").status == 0
        }
        // The token is in the journal, and in the keyring once that is started.
        try await keyring.startProvider()
        try await eventually("the keyring does not get the new refresh token") {
            demo.issuer.liveRefreshTokens == [try await keyring.refreshToken(of: "work")]
        }
        #expect(daemon.isRunning)
    }
}
