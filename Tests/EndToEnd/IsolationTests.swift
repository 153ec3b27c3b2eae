import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Two users of one machine. These tests need root, to become another user.
@Suite(.timeLimit(.minutes(5)))
struct IsolationTests {
    init() throws { try #require(getuid() == 0, "these tests become another user, which only root can") }

    @Test("two users with an account of the same name have two agents, and neither sees the other's token")
    func sameName() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let mine = try await demo.home.authagent("token", "work")
        let other = try await OtherUser()
        let unknown = try await other.run("authagent", "token", "work")
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("there is no account 'work'"), "\(unknown.errors)")

        let login = try other.start("authagent", ["login", "work", "--json"] + demo.options)
        let prompt = try #require(await demo.home.prompt(of: login), "\(login.errorsSoFar)")
        // Not dumpable: root owns their files in /proc, so their own user cannot read their memory.
        for pid in [login.pid, try #require(other.daemonPID)] {
            for file in ["mem", "environ", "maps"] {
                let read = try await other.run("/usr/bin/head", "-c1", "/proc/\(pid)/\(file)")
                #expect(read.status != 0, "\(pid) \(file)")
            }
        }
        demo.issuer.approve(prompt.enteredCode)
        #expect(await login.result().status == 0)
        let theirs = try await other.run("authagent", "token", "work")
        #expect(theirs.status == 0)
        #expect(theirs.output != mine.output)
        #expect(try await demo.home.authagent("token", "work").output == mine.output)
        _ = try await other.run("authagent", "stop")
    }

    @Test("another user is refused by the kernel, or else by the agent before it reads a request")
    func refused() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let other = try await OtherUser()
        let curl = try MissingProgram.require("curl", package: "curl")
        let request = [curl, "-sS", "--unix-socket", demo.home.socket, "http://localhost/v1/accounts/work/token"]
        #expect(try await other.run(request).status == 7)

        for (path, mode) in [("", 0o755), ("/run", 0o755), ("/run/agent.sock", 0o666)] {
            #expect(chmod(demo.home.files.path + path, mode_t(mode)) == 0)
        }
        let answer = try await other.run(request)
        #expect(answer.output.contains(#""code":"forbidden""#), "\(answer.output)\(answer.errors)\(demo.home.log)")
        #expect(!answer.output.contains("access_token"))
        let client = try await other.run("authagent", "token", "work", socket: demo.home.socket)
        #expect(client.status == 5, "\(client.errors)")
    }

    @Test("a client does not use another user's agent, not even as root")
    func foreignAgent() async throws {
        let other = try await OtherUser()
        let start = try await other.run("authagent", "start")
        #expect(start.status == 0, "\(start.output)\(start.errors)")
        let home = try AgentHome(changes: ["AUTHAGENT_SOCK": other.socket])
        let result = try await home.authagent("token", "work")
        #expect(result.status == 4)
        #expect(result.errors.contains("belongs to user 65534"), "\(result.errors)")
        _ = try await other.run("authagent", "stop")
    }
}

/// The user 65534 with a home and copies of the programs.
private final class OtherUser: Sendable {
    private let files: TemporaryDirectory
    private static let id: UInt32 = 65_534

    init() async throws {
        files = try TemporaryDirectory()
        for name in ["run", "config", "state", "bin"] { try files.directory(name) }
        // Copied, because other users may not enter the build directory; and by another process, because a child of
        // this one could inherit the file open for writing (ETXTBSY).
        let programs = try ["authagent", "authagentd", "authagent-keyring"].map { try BuildProducts.path($0) }
        let copy = try await ChildProcess.run("/bin/cp", programs + [files.path + "/bin"])
        try #require(copy.status == 0, "\(copy.errors)")
        let names = FileManager.default.enumerator(atPath: files.path)?.compactMap { $0 as? String } ?? []
        for path in [files.path] + names.map({ files.path + "/" + $0 }) {
            guard chown(path, Self.id, Self.id) == 0 else { throw POSIXError(.EPERM) }
        }
    }

    deinit { if let pid = daemonPID { kill(pid, SIGKILL) } }

    var socket: String { files.path + "/run/agent.sock" }
    var daemonPID: Int32? { AgentHome.daemonPID(lock: files.path + "/state/authagent/agent.lock") }

    func start(_ program: String, _ arguments: [String], socket: String? = nil) throws -> ChildProcess {
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        let path = program.hasPrefix("/") ? program : files.path + "/bin/" + program
        return try ChildProcess(
            setpriv, ["--reuid=\(Self.id)", "--regid=\(Self.id)", "--clear-groups", path] + arguments,
            environment: ChildProcess.programEnvironment.merging([
                "HOME": files.path, "XDG_CONFIG_HOME": files.path + "/config",
                "XDG_STATE_HOME": files.path + "/state", "AUTHAGENT_SOCK": socket ?? self.socket,
            ]) { $1 }
        )
    }

    func run(_ program: String, _ arguments: String..., socket: String? = nil) async throws -> ChildProcess.Result {
        try await start(program, arguments, socket: socket).result()
    }

    func run(_ command: [String]) async throws -> ChildProcess.Result {
        try await start(command[0], Array(command.dropFirst())).result()
    }
}
