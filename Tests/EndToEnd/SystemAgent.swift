import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// An agent for the whole machine: a dedicated user, a socket for a group, a directory of root. It needs root; its
/// users are unassigned uids.
final class SystemAgent: Sendable {
    static let agent: UInt32 = 64_001
    /// A member of the group, with a rule.
    static let backup: UInt32 = 64_002
    /// A member of the group, without a rule.
    static let guest: UInt32 = 64_003
    static let outsider: UInt32 = 64_004

    let path: String
    let group: (name: String, id: UInt32)

    init() async throws {
        try #require(getuid() == 0, "this test becomes other users, which only root can")
        let entry = try #require(getgrgid(100) ?? getgrgid(60), "neither 'users' nor 'games' is a group here")
        group = (String(cString: entry.pointee.gr_name), entry.pointee.gr_gid)
        // In a directory of root: a client does not trust another user's agent in /tmp.
        var template = Array("/run/aa.XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
        chmod(path, 0o755)
        for (name, mode, owner) in [
            ("bin", 0o755, 0), ("etc", 0o755, 0), ("run", 0o750, Self.agent), ("config", 0o700, Self.agent),
            ("state", 0o700, Self.agent), ("log", 0o700, Self.agent), ("home", 0o1777, 0),
        ] as [(String, mode_t, UInt32)] {
            let directory = path + "/" + name
            try #require(mkdir(directory, 0o700) == 0)
            try #require(chown(directory, owner, name == "run" ? group.id : owner) == 0 && chmod(directory, mode) == 0)
        }
        let programs = try ["authagent", "authagentd", "authagent-keyring"].map {
            try BuildProducts.path($0)
        }
        let copy = try await ChildProcess.run("/bin/cp", programs + [path + "/bin"])
        try #require(copy.status == 0, "\(copy.errors)")
    }

    deinit {
        if let pid = AgentHome.daemonPID(lock: path + "/state/authagent/agent.lock") { kill(pid, SIGKILL) }
        try? FileManager.default.removeItem(atPath: path)
    }

    var socket: String { path + "/run/agent.sock" }
    var auditFile: String { path + "/log/audit.log" }
    var audit: [[String: Any]] {
        ((try? String(contentsOfFile: auditFile, encoding: .utf8)) ?? "").split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    /// Writes the machine's settings, followed by the rules.
    func configure(_ rules: String) throws {
        let text = "audit_file = \"\(auditFile)\"\nsocket_group = \"\(group.name)\"\n" + rules
        try text.write(toFile: path + "/etc/authagent.toml", atomically: true, encoding: .utf8)
        chmod(path + "/etc/authagent.toml", 0o644)
    }

    /// Starts a program as a user, in the agent's group or not. `subordinates` is its /etc/subuid, in a mount
    /// namespace.
    func start(
        _ user: UInt32, isMember: Bool = true, _ program: String, _ arguments: [String], subordinates: String? = nil
    ) throws -> ChildProcess {
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        var environment = ChildProcess.programEnvironment
        environment["AUTHAGENT_SOCK"] = socket
        environment["AUTHAGENT_SYSTEM_CONFIG"] = path + "/etc"
        environment["HOME"] = path + "/home"
        if user == Self.agent {
            environment["XDG_CONFIG_HOME"] = path + "/config"
            environment["XDG_STATE_HOME"] = path + "/state"
        }
        let groups = isMember ? "--groups=\(group.id)" : "--clear-groups"
        let command = [setpriv, "--reuid=\(user)", "--regid=\(user)", groups, path + "/bin/" + program] + arguments
        guard let subordinates else {
            return try ChildProcess(setpriv, Array(command.dropFirst()), environment: environment, input: nil)
        }
        try subordinates.write(toFile: path + "/etc/subuid", atomically: false, encoding: .utf8)
        let mount = "mount --bind '\(path)/etc/subuid' /etc/subuid && exec \"$@\""
        return try ChildProcess(
            try MissingProgram.require("unshare", package: "util-linux"),
            ["--mount", "--propagation", "private", "/bin/sh", "-c", mount, "sh"] + command,
            environment: environment, input: nil)
    }

    func client(_ user: UInt32, isMember: Bool = true, _ arguments: String...) async throws -> ChildProcess.Result {
        try await start(user, isMember: isMember, "authagent", arguments).result()
    }

    func serve(subordinates: String? = nil) async throws -> ChildProcess {
        let daemon = try start(Self.agent, "authagentd", [], subordinates: subordinates)
        await eventually("the daemon does not serve: \(daemon.errorsSoFar)") {
            daemon.errorsSoFar.contains("serving") || !daemon.isRunning
        }
        try #require(daemon.isRunning, "\(daemon.errorsSoFar)")
        return daemon
    }

    /// Logs in as root, which no rule excludes.
    func logIn(_ account: String, _ issuer: DemoIssuer, scopes: [String] = []) async throws {
        let login = try start(
            0, "authagent",
            ["login", account, "--json", "--issuer", issuer.issuer, "--client-id", "tv", "--store", "memory"]
                + scopes.flatMap { ["--scope", $0] })
        let line = await login.line()
        guard case .prompt(let prompt)? = try? APIJSON.decode(LoginEvent.self, from: line.utf8) else {
            throw POSIXError(.EPROTO)
        }
        issuer.approve(prompt.enteredCode)
        let result = await login.result()
        try #require(result.status == 0, "\(result.output)\(result.errors)")
    }
}
