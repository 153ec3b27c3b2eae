public import AgentAPI
import Foundation
import System
import Testing

/// A user's home for the real programs; all files stay in a temporary directory.
public final class AgentHome: Sendable {
    public let files: TemporaryDirectory
    public let environment: [String: String]
    /// Kept alive by this home.
    private let keyring: (any SessionKeyring)?
    /// The programs' directory; `nil`: that of the test program.
    private let programs: String?
    /// Where the state is; `nil`: in `files`.
    private let disk: SmallDisk?

    /// With a keyring, or without a session bus; `changes` apply to the environment. The state is on the disk if one is
    /// given.
    public init(
        keyring: (any SessionKeyring)? = nil, changes: [String: String] = [:], programs: String? = nil,
        disk: SmallDisk? = nil
    ) throws {
        let files = try TemporaryDirectory()
        self.files = files
        self.keyring = keyring
        self.programs = programs
        self.disk = disk
        for name in ["run", "config", "state"] { try files.directory(name) }
        var environment = keyring?.environment ?? ChildProcess.programEnvironment
        environment["HOME"] = files.path
        environment["XDG_CONFIG_HOME"] = files.path + "/config"
        environment["XDG_STATE_HOME"] = disk?.inside ?? files.path + "/state"
        environment["AUTHAGENT_SYSTEM_CONFIG"] = files.path + "/etc"
        // The keyring's bus has its own runtime directory; the agent's socket is in this one.
        environment["AUTHAGENT_SOCK"] = files.path + "/run/agent.sock"
        self.environment = environment.merging(changes) { $1 }
    }

    public var socket: String { files.path + "/run/agent.sock" }
    public var accountFiles: String { files.path + "/config/authagent/accounts" }

    /// The daemon's log so far.
    public var log: String {
        (try? String(contentsOfFile: files.path + "/state/authagent/authagentd.log", encoding: .utf8)) ?? ""
    }

    deinit { if let pid = daemonPID { kill(pid, SIGKILL) } }

    /// The daemon of this home, found by the kernel's record of its lock (proc(5), /proc/locks).
    public var daemonPID: Int32? { Self.daemonPID(lock: files.path + "/state/authagent/agent.lock") }

    /// The process that holds a daemon's lock.
    public static func daemonPID(lock: String) -> Int32? {
        var status = stat()
        guard stat(lock, &status) == 0,
            let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        else { return nil }
        for line in locks.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK", fields[5].hasSuffix(":\(status.st_ino)") else { continue }
            return Int32(fields[4])
        }
        // The kernel lists locks in pieces, and misses some while other tests lock and unlock.
        return FileLock.holder(of: lock)
    }

    public func program(_ name: String) throws -> String {
        try programs.map { $0 + "/" + name } ?? BuildProducts.path(name)
    }

    /// Runs the client and waits for its end.
    @discardableResult
    public func authagent(_ arguments: String..., input: String = "") async throws -> ChildProcess.Result {
        try await authagent(arguments, input: input)
    }

    @discardableResult
    public func authagent(_ arguments: [String], input: String = "") async throws -> ChildProcess.Result {
        try await client(arguments, input: input).result()
    }

    /// Starts the client.
    public func client(_ arguments: [String], input: String? = "") throws -> ChildProcess {
        try start("authagent", arguments, input: input)
    }

    private func start(_ name: String, _ arguments: [String], input: String?) throws -> ChildProcess {
        let command = (disk?.enter ?? []) + [try program(name)] + arguments
        return try ChildProcess(command[0], Array(command.dropFirst()), environment: environment, input: input)
    }

    /// Starts the daemon in the foreground, as systemd does, and waits until it serves.
    public func daemon(_ arguments: String...) async throws -> ChildProcess {
        let daemon = try start("authagentd", arguments, input: nil)
        await eventually("the daemon does not serve: \(daemon.errorsSoFar)") {
            daemon.errorsSoFar.contains("serving") || !daemon.isRunning
        }
        return daemon
    }

    /// Kills the daemon with SIGKILL, and waits for its end.
    public func killDaemon() async {
        guard let pid = daemonPID else { return }
        kill(pid, SIGKILL)
        await eventually { self.daemonPID == nil }
    }

    /// Starts a login and approves its code at once.
    public func login(
        _ account: String, _ options: [String] = [], approve: (String) async throws -> Void
    ) async throws -> ChildProcess.Result {
        let login = try client(["login", account, "--json"] + options)
        guard let prompt = await prompt(of: login) else { return await login.result() }
        try await approve(prompt.enteredCode)
        return await login.result()
    }

    /// The code shown by a running `login --json`; `nil` if it ends without one.
    public func prompt(of login: ChildProcess) async -> LoginPrompt? {
        let line = await login.line()
        guard case .prompt(let prompt)? = try? APIJSON.decode(LoginEvent.self, from: line.utf8) else { return nil }
        return prompt
    }
}
