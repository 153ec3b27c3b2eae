import Foundation
import TestSupport
import Testing

/// Root with a user's environment, as with 'sudo -E' or 'su' without '-'. These tests need root.
@Suite(.timeLimit(.minutes(5)))
struct BorrowedEnvironmentTests {
    @Test("root with a user's environment creates nothing in the user's directories, and names their owner")
    func borrowed() async throws {
        let user = try await HomeOfNobody()
        let before = user.contents
        let commands = [
            ["status"], ["token", "work"], ["start"], ["stop"], ["doctor"],
            ["import", "/dev/null"],
            ["login", "work", "--issuer", "http://127.0.0.1:9", "--client-id", "tv", "--store", "memory"],
        ]
        for command in commands {
            let result = try await user.run(asRoot: true, "authagent", command)
            let text = result.output + result.errors
            #expect(result.status != 0 || command == ["stop"], "\(command): \(text)")
            if command != ["stop"] {
                #expect(text.contains("belongs to user 65534 (nobody)"), "\(command): \(text)")
                #expect(text.contains("sudo -u nobody authagent"), "\(command): \(text)")
            }
            #expect(!text.contains("chown") && !text.contains("chmod") && !text.contains("rm "), "\(text)")
            #expect(user.contents == before, "\(command)")
        }
        let daemon = try await user.run(asRoot: true, "authagentd", [])
        #expect(daemon.status == 1 && daemon.errors.contains("belongs to user 65534"), "\(daemon.errors)")
        #expect(user.contents == before)

        let status = try await user.run(asRoot: false, "authagent", ["status"])
        #expect(status.status == 0, "\(status.errors)")
        // The same while the user's agent is running.
        let running = user.contents
        for command in commands where command.first != "stop" {
            let result = try await user.run(asRoot: true, "authagent", command)
            #expect(result.status != 0, "\(command): \(result.output)")
        }
        #expect(user.contents == running)
        #expect(try await user.run(asRoot: false, "authagent", ["stop"]).status == 0)
    }

    @Test(
        "with a single variable of the user's, root starts nothing",
        arguments: ["HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "AUTHAGENT_SOCK"])
    func oneVariable(variable: String) async throws {
        let user = try await HomeOfNobody()
        let own = try TemporaryDirectory()
        let before = user.contents
        var environment = ["HOME": own.path, "XDG_RUNTIME_DIR": own.path, "XDG_STATE_HOME": own.path + "/state"]
        environment[variable] = user.path + (variable == "AUTHAGENT_SOCK" ? "/run/agent.sock" : "/home")
        let result = try await user.run(asRoot: true, "authagent", ["start"], environment)
        #expect(result.status == 4, "\(result.output)")
        #expect(result.errors.contains("belongs to user 65534 (nobody)"), "\(result.errors)")
        #expect(user.contents == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: own.path).isEmpty)
    }

    @Test("root does not follow a user's link to a directory of root")
    func link() async throws {
        let user = try await HomeOfNobody()
        let target = try TemporaryDirectory()
        let links = try TemporaryDirectory()
        let link = links.path + "/state"
        symlink(target.path, link)
        #expect(lchown(link, HomeOfNobody.id, HomeOfNobody.id) == 0)
        let environment = ["HOME": links.path, "XDG_RUNTIME_DIR": links.path, "XDG_STATE_HOME": link]
        let result = try await user.run(asRoot: true, "authagent", ["status"], environment)
        #expect(result.status == 4 && result.errors.contains("\(link) belongs to user 65534"), "\(result.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: links.path) == ["state"])
    }

    @Test("homes behind root's links, in sticky directories, at /, and StateDirectory= work")
    func usual() async throws {
        let user = try await HomeOfNobody()
        let (home, run) = (user.path + "/home", user.path + "/run")
        // Owned by root, like /home or /var/lib, with the user's directory in it.
        let machine = try TemporaryDirectory()
        chmod(machine.path, 0o755)
        symlink(user.path, machine.path + "/people")
        let service = try machine.directory("service")
        #expect(chown(service, HomeOfNobody.id, HomeOfNobody.id) == 0)
        let sticky = try machine.directory("sticky")
        chmod(sticky, 0o1777)
        let environments = [
            ["HOME": machine.path + "/people/home", "XDG_RUNTIME_DIR": run],
            ["HOME": "/", "XDG_CONFIG_HOME": home + "/c", "XDG_STATE_HOME": home + "/s", "XDG_RUNTIME_DIR": run],
            ["XDG_CONFIG_HOME": service + "/config", "XDG_STATE_HOME": service, "XDG_RUNTIME_DIR": run],
            ["HOME": home, "AUTHAGENT_SOCK": sticky + "/authagent-65534/agent.sock"],
            ["HOME": sticky, "XDG_RUNTIME_DIR": run],
            ["HOME": "/nonexistent", "XDG_CONFIG_HOME": home + "/c", "XDG_STATE_HOME": home + "/t"],
        ]
        for environment in environments {
            let start = try await user.run(asRoot: false, "authagent", ["start"], environment)
            #expect(start.status == 0, "\(environment): \(start.errors)")
            let stop = try await user.run(asRoot: false, "authagent", ["stop"], environment)
            #expect(stop.status == 0 && stop.output.contains("stopped"), "\(environment): \(stop.errors)")
        }
        rmdir("/tmp/authagent-65534")
        // As in a rootless container, where the real root has no mapped uid.
        let unshare = try MissingProgram.require("unshare", package: "util-linux")
        for command in ["start", "stop"] {
            let result = try await user.run(
                asRoot: false, "authagent", [command], through: [unshare, "--map-root-user"])
            #expect(result.status == 0, "\(command): \(result.errors)")
        }
    }
}

/// A home and a runtime directory of the user `nobody`, and programs that this user can run.
private final class HomeOfNobody: Sendable {
    static let id: UInt32 = 65_534
    private let files: TemporaryDirectory
    private let programs: TemporaryDirectory

    init() async throws {
        try #require(getuid() == 0, "this test becomes another user, which only root can")
        files = try TemporaryDirectory()
        for name in ["home", "run"] { try files.directory(name) }
        for name in ["", "/home", "/run"] { #expect(chown(files.path + name, Self.id, Self.id) == 0) }
        programs = try TemporaryDirectory()
        chmod(programs.path, 0o755)
        // Copied by another process: a child of this one could inherit the file open for writing (ETXTBSY).
        let names = try ["authagent", "authagentd", "authagent-keyring"].map { try BuildProducts.path($0) }
        let copy = try await ChildProcess.run("/bin/cp", names + [programs.path])
        try #require(copy.status == 0, "\(copy.errors)")
    }

    deinit {
        let lock = files.path + "/home/.local/state/authagent/agent.lock"
        if let pid = AgentHome.daemonPID(lock: lock) { kill(pid, SIGKILL) }
    }

    var path: String { files.path }

    /// Paths with owner and mode.
    var contents: [String] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
        return names.sorted().map { name in
            var status = stat()
            lstat(path + "/" + name, &status)
            return "\(name) \(status.st_uid) \(String(status.st_mode, radix: 8))"
        }
    }

    func run(
        asRoot: Bool, _ program: String, _ arguments: [String], _ environment: [String: String]? = nil,
        through: [String] = []
    ) async throws -> ChildProcess.Result {
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        let user = asRoot ? [] : ["--reuid=\(Self.id)", "--regid=\(Self.id)", "--clear-groups"]
        let usual = ["HOME": path + "/home", "XDG_RUNTIME_DIR": path + "/run"]
        return try await ChildProcess.run(
            setpriv, user + ["--"] + through + [programs.path + "/" + program] + arguments,
            environment: ChildProcess.programEnvironment.merging(environment ?? usual) { $1 })
    }
}
