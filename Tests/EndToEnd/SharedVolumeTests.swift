import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Directories with other modes than the agent's: shared folders and container volumes. These tests need root.
@Suite(.timeLimit(.minutes(10)))
struct SharedVolumeTests {
    @Test("a file system without modes is named with the variables to change, and no chmod is suggested")
    func modeless() async throws {
        let files = try TemporaryDirectory()
        let folder = try await ModelessFolder(files)
        let home = try AgentHome(changes: ["XDG_STATE_HOME": folder.path + "/state"])
        for _ in 0..<2 {
            let status = try await home.authagent("status")
            #expect(status.status == 4, "\(status.output)")
            #expect(status.errors.contains("does not support modes"), "\(status.errors)")
            #expect(status.errors.contains("XDG_STATE_HOME"), "\(status.errors)")
            #expect(!status.errors.contains("chmod"), "\(status.errors)")
        }
        let doctor = try await home.authagent("doctor")
        #expect(
            doctor.output.contains("does not support modes") && !doctor.output.contains("chmod"), "\(doctor.output)")
        // A key file there is as open as its directory.
        try String(repeating: "k", count: 32).write(
            toFile: folder.path + "/key", atomically: false, encoding: .utf8)
        let other = try AgentHome()
        let store = try await other.authagent("store", "init", "--key-file", folder.path + "/key")
        #expect(store.status == 7, "\(store.output)")
        #expect(store.errors.contains("does not support modes") && !store.errors.contains("chmod"), "\(store.errors)")
        let names = try FileManager.default.subpathsOfDirectory(atPath: files.path + "/real")
        #expect(!names.contains { $0.contains(".authagent-") }, "\(names)")
    }

    @Test("a key or a secret on a file system with fixed modes is to be moved, and no chmod is suggested")
    func fixedModes() async throws {
        let files = try TemporaryDirectory()
        // As vfat with umask=022: only the user writes, others read.
        let folder = try await ModelessFolder(files, modes: "0755")
        let secret = folder.path + "/secret"
        try String(repeating: "k", count: 32).write(toFile: secret, atomically: false, encoding: .utf8)
        let home = try AgentHome()
        let store = try await home.authagent("store", "init", "--key-file", secret)
        #expect(store.status == 7, "\(store.output)")
        let login = try await home.authagent(
            "login", "work", "--issuer", "https://\(unresolvableHost)", "--client-id", "x", "--client-secret-file",
            secret)
        #expect(login.status == 1, "\(login.output)")
        try home.account(
            "work", "issuer = \"https://\(unresolvableHost)\"", "client_secret_file = \"\(secret)\"")
        let check = try #require(try await home.doctor()[.accountSecret].first)
        for text in [store.errors, login.errors, "\(check.detail) \(check.hint ?? "")"] {
            #expect(text.contains("does not support modes") && text.contains("move \(secret)"), "\(text)")
            #expect(!text.contains("chmod"), "\(text)")
        }
        let names = try FileManager.default.subpathsOfDirectory(atPath: files.path + "/real")
        #expect(names == ["secret"], "\(names)")
    }

    @Test("on a volume that root shares with the agent's group, a user without a passwd entry gets tokens")
    func volume() async throws {
        let issuer = try await DemoIssuer.start(DemoIssuer.Configuration())
        let files = try TemporaryDirectory()
        chmod(files.path, 0o755)
        let volume = files.path + "/volume"
        try FileManager.default.createDirectory(atPath: volume, withIntermediateDirectories: false)
        // Like a Kubernetes emptyDir: owned by root, set-group-ID for the pod's group, writable in the pod.
        chmod(volume, 0o2777)
        let pod = Pod(volume: volume)
        defer { if let pid = pod.daemonPID { kill(pid, SIGKILL) } }
        let login = try pod.start(
            ["login", "work", "--issuer", issuer.issuer, "--client-id", "tv", "--store", "memory", "--json"])
        let prompt = try #require(await AgentHome().prompt(of: login), "\(login.errorsSoFar)")
        issuer.approve(prompt.enteredCode)
        let result = await login.result()
        #expect(result.status == 0, "\(result.errors)")
        let token = try await pod.start(["token", "work"]).result()
        #expect(token.status == 0 && !token.output.isEmpty, "\(token.errors)")
        // The volume's other writers could replace the file of a sink there.
        let sink = try await pod.start(["sink", "add", "work", "--path", volume + "/token"]).result()
        #expect(sink.status == 1 && sink.errors.contains("others may write"), "\(sink.errors)")
        #expect(!FileManager.default.fileExists(atPath: volume + "/token"))
        #expect(try await pod.start(["stop"]).result().status == 0)
        // Directly in the volume, another user could replace the socket.
        let open = try await pod.start(["status"], socket: volume + "/agent.sock").result()
        #expect(open.status == 4, "\(open.output)")
    }
}

/// A directory on a file system in which every mode is 0777, whatever chmod(2) sets.
private final class ModelessFolder {
    let path: String

    init(_ files: TemporaryDirectory, modes: String = "0777") async throws {
        path = try files.directory("folder")
        let bindfs = try MissingProgram.require("bindfs", package: "bindfs")
        let mount = try await ChildProcess.run(
            bindfs, ["--perms=\(modes)", "--chmod-ignore", try files.directory("real"), path])
        try #require(mount.status == 0, "\(mount.errors)")
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}

/// A container without a home, with a random uid.
private struct Pod {
    let volume: String

    var daemonPID: Int32? { AgentHome.daemonPID(lock: volume + "/state/authagent/agent.lock") }

    func start(_ arguments: [String], socket: String? = nil) throws -> ChildProcess {
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        let program = try BuildProducts.path("authagent")
        return try ChildProcess(
            setpriv, ["--reuid=1000650000", "--regid=0", "--clear-groups", program] + arguments,
            environment: ChildProcess.programEnvironment.merging([
                "HOME": "/", "XDG_CONFIG_HOME": volume + "/config", "XDG_STATE_HOME": volume + "/state",
                "AUTHAGENT_SOCK": socket ?? volume + "/agent/agent.sock",
            ]) { $1 })
    }
}
