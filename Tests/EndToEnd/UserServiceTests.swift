import Foundation
import TestSupport
import Testing

/// The first command of a user with a service manager. These tests need root, to replace systemd's.
@Suite(.timeLimit(.minutes(5)))
struct UserServiceTests {
    let files: TemporaryDirectory

    init() throws {
        try #require(getuid() == 0, "these tests mount directories, which only root can")
        files = try TemporaryDirectory()
    }

    /// Runs 'authagent status' with this script as systemctl.
    private func status(systemctl: String, _ changes: [String: String] = [:]) async throws -> ChildProcess.Result {
        let home = try home()
        let program = try BuildProducts.path("authagent")
        let directory = String(program.dropLast("/authagent".count))
        try files.file("systemctl", "#!/bin/sh\necho \"$*\" >>\(files.path)/calls\n\(systemctl)\n")
        chmod(files.path + "/systemctl", 0o755)
        let script = """
            mount -t tmpfs none /run && mount -t tmpfs none "\(home)" && mkdir -p -m 700 /run/user/0/systemd || exit 99
            mount --bind "$1/systemctl" /usr/bin/systemctl || exit 98
            python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/user/0/systemd/private")' || exit 97
            "$2/authagent" status; code=$?
            for pid in $(cat "\(home)/.local/state/authagent/agent.lock" 2>/dev/null); do
                tr '\\0' '\\n' <"/proc/$pid/environ" >"$1/environment"
                kill "$pid"
            done
            exit $code
            """
        let command = try await MountNamespace.command()
        return try await ChildProcess.run(
            command[0], command.dropFirst() + ["/bin/sh", "-c", script, "sh", files.path, directory],
            environment: ["PATH": "\(directory):/usr/bin:/bin", "HOME": home, "MARK": "of-the-job"].merging(changes) {
                $1
            })
    }

    private func home() throws -> String {
        try #require(getpwuid(0).flatMap { String(validatingCString: $0.pointee.pw_dir) })
    }

    private var calls: String { (try? String(contentsOfFile: files.path + "/calls", encoding: .utf8)) ?? "" }
    private var environment: String {
        (try? String(contentsOfFile: files.path + "/environment", encoding: .utf8)) ?? ""
    }

    @Test("an agent started by the service manager does not end with the job of the command")
    func started() async throws {
        // With its own environment, as systemd does.
        let result = try await status(
            systemctl: """
                env -i XDG_RUNTIME_DIR=/run/user/0 PATH=/usr/bin:/bin HOME=\(try home()) \
                    \(try BuildProducts.path("authagentd")) >/dev/null 2>&1 &
                for i in $(seq 300); do test -S /run/user/0/authagent/agent.sock && exit 0; sleep 0.1; done; exit 1
                """)
        #expect(result.status == 0, "\(result.errors)")
        #expect(calls == "--user --quiet start authagent.socket\n")
        #expect(!environment.isEmpty && !environment.contains("MARK"))
    }

    @Test("if the unit is not installed, the command starts the agent itself")
    func notInstalled() async throws {
        let result = try await status(systemctl: "exit 5")
        #expect(result.status == 0, "\(result.errors)")
        #expect(calls == "--user --quiet start authagent.socket\n")
        #expect(environment.contains("MARK=of-the-job"))
    }

    @Test("with directories other than the unit's, the command starts its own agent without the manager")
    func otherPlace() async throws {
        let result = try await status(systemctl: "exit 0", ["XDG_STATE_HOME": files.path + "/state"])
        #expect(result.status == 0, "\(result.errors)")
        #expect(calls.isEmpty)
        let lock = files.path + "/state/authagent/agent.lock"
        if let pid = AgentHome.daemonPID(lock: lock) { kill(pid, SIGTERM) }
    }
}
