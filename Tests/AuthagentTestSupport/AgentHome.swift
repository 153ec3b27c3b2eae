import AgentAPI
import Foundation
import Testing

/// A user's home with the real programs in it: whatever a test does with them stays in a temporary directory.
public final class AgentHome: Sendable {
    public let files: TemporaryDirectory
    public let environment: [String: String]

    /// With a keyring, or with no session bus at all.
    public init(keyring: PrivateKeyring? = nil) throws {
        let files = try TemporaryDirectory()
        self.files = files
        for name in ["run", "config", "state"] { try files.directory(name) }
        var environment = keyring?.environment ?? ChildProcess.programEnvironment
        environment["HOME"] = files.path
        environment["XDG_CONFIG_HOME"] = files.path + "/config"
        environment["XDG_STATE_HOME"] = files.path + "/state"
        environment["AUTHAGENT_SYSTEM_CONFIG"] = files.path + "/etc"
        // The keyring's bus is in its own runtime directory; the agent's socket is in this one.
        environment["AUTHAGENT_SOCK"] = files.path + "/run/agent.sock"
        self.environment = environment
    }

    public var socket: String { files.path + "/run/agent.sock" }
    public var log: String {
        (try? String(contentsOfFile: files.path + "/state/authagent/authagentd.log", encoding: .utf8)) ?? ""
    }

    deinit {
        // The lock's holder is the daemon that was started for this home, whoever started it.
        if let pid = daemonPID { kill(pid, SIGKILL) }
    }

    /// The daemon of this home, if one runs.
    public var daemonPID: Int32? {
        guard let text = try? String(contentsOfFile: files.path + "/state/authagent/agent.lock", encoding: .utf8),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            let name = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8), name.hasPrefix("authagentd")
        else { return nil }
        return pid
    }

    /// Runs the client to its end.
    @discardableResult
    public func authagent(_ arguments: String..., input: String = "") async throws -> ChildProcess.Result {
        try await client(arguments, input: input).result()
    }

    /// Starts the client and leaves it running.
    public func client(_ arguments: [String], input: String? = "") throws -> ChildProcess {
        try ChildProcess(try BuildProducts.path("authagent"), arguments, environment: environment, input: input)
    }

    /// Kills the daemon as a power cut would, and waits for its end.
    public func killDaemon() async {
        guard let pid = daemonPID else { return }
        kill(pid, SIGKILL)
        await eventually { self.daemonPID == nil }
    }

    /// Starts a login and approves it as soon as its code is shown.
    public func login(
        _ account: String, _ options: [String] = [], approve: (String) async throws -> Void
    ) async throws -> ChildProcess.Result {
        let login = try client(["login", account, "--json"] + options)
        let line = await login.line()
        guard case .prompt(let shown)? = try? APIJSON.decode(LoginEvent.self, from: line.utf8) else {
            return await login.result()
        }
        try await approve(shown.userCode)
        return await login.result()
    }
}
