import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// File systems without fsync of directories or without locks: shared folders, network homes.
@Suite(.timeLimit(.minutes(5)))
struct StrangeFileSystemTests {
    private func login(_ preload: Preload) async throws -> DemoLogin {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        return try await DemoLogin(configuration, store: "sealed", changes: ["LD_PRELOAD": preload.path])
    }

    private func initialize(_ demo: DemoLogin) async throws -> ChildProcess.Result {
        let key = try demo.home.files.file("key", String(repeating: "k", count: 32))
        chmod(key, 0o600)
        return try await demo.home.authagent("store", "init", "--key-file", key)
    }

    @Test(
        "if a directory cannot be fsynced, a login is stored, renewed, and present after a restart",
        arguments: [EINVAL, ENOTSUP, EBADF])
    func directories(code: Int32) async throws {
        let preload = try await Preload.directorySync(error: code)
        defer { withExtendedLifetime(preload) {} }
        let demo = try await login(preload)
        let store = try await initialize(demo)
        #expect(store.status == 0, "\(store.errors)")
        try await demo.logIn()
        let renewed = try await demo.home.authagent("token", "work", "--renew")
        #expect(renewed.status == 0 && renewed.errors.isEmpty, "\(renewed.errors)")
        await demo.home.killDaemon()
        let token = try await demo.home.authagent("token", "work")
        #expect(token.status == 0 && token.errors.isEmpty, "\(token.errors)")
        let status = try await demo.home.authagent("status", "work", "--json")
        #expect(status.output.contains(#""state":"ok""#), "\(status.output)")
    }

    @Test("a directory whose disk fails is an error")
    func failingDisk() async throws {
        let preload = try await Preload.directorySync(error: EIO)
        defer { withExtendedLifetime(preload) {} }
        let demo = try await login(preload)
        let store = try await initialize(demo)
        #expect(store.status == 7 && store.errors.contains("fsync"), "\(store.errors)")
    }

    @Test("if its account file cannot be made durable, an approved login is kept: a note, state unsaved")
    func accountFile() async throws {
        let preload = try await Preload.directorySync(error: EIO)
        defer { withExtendedLifetime(preload) {} }
        let demo = try await DemoLogin(changes: ["LD_PRELOAD": preload.path])
        let result = try await demo.home.login("work", demo.options) { demo.issuer.approve($0) }
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.errors.contains("note: the login lives until the agent ends: "), "\(result.errors)")
        let reload = try await demo.home.authagent("reload")
        #expect(reload.status == 0, "\(reload.errors)")
        #expect(try await demo.home.authagent("token", "work").status == 0)
        #expect(!demo.issuer.log.contains { $0.endpoint == .revocation })
    }

    @Test(
        "without file locks no agent starts, and each command reports it in time, with the variable",
        arguments: [ENOLCK, EOPNOTSUPP, 0])
    func locks(code: Int32) async throws {
        let preload = try await Preload.lock(error: code)
        defer { withExtendedLifetime(preload) {} }
        let home = try AgentHome(changes: ["LD_PRELOAD": preload.path])
        let clock = ContinuousClock()
        for command in ["status", "start"] {
            let start = clock.now
            let result = try await home.authagent(command)
            #expect(result.status == 4, "\(command): \(result.output)")
            #expect(result.errors.contains("does not support locks: flock: "), "\(result.errors)")
            #expect(result.errors.contains("XDG_STATE_HOME"), "\(result.errors)")
            #expect(clock.now - start < .seconds(60))
        }
        // The client's debug build is preloaded as well.
        let doctor = try await home.authagent("doctor")
        #expect(doctor.output.contains("does not support locks"), "\(doctor.output)")
        let stop = try await home.authagent("stop")
        #expect(stop.status == 4, "\(stop.output)")
        #expect(!FileManager.default.fileExists(atPath: home.socket))
    }
}
