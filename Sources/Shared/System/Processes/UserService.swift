internal import Glibc

/// The agent as a unit of the user's service manager (systemd.unit(5)), so that it outlives the job, session or
/// container of control groups of the command that starts it.
public enum UserService {
    public static let unit = "authagent.socket"

    /// Returns the manager's runtime directory; `nil` if this environment selects another agent than the unit's.
    public static func runtimeDirectory(
        _ environment: [String: String], user: UInt32, socket: String
    ) -> String? {
        let runtime = "/run/user/\(user)"
        var status = stat()
        // systemctl(1) connects to the manager there.
        guard lstat(runtime + "/systemd/private", &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
            status.st_uid == user,
            isOfUnit(environment, home: UserNumbers.home(of: user), runtime: runtime, socket: socket)
        else { return nil }
        return runtime
    }

    /// Whether the unit's agent has the files that this environment selects, at its usual socket.
    public static func isOfUnit(_ environment: [String: String], user: UInt32, runtime: String) -> Bool {
        let socket = environment["AUTHAGENT_SOCK"].flatMap { $0.isEmpty ? nil : $0 }
        return isOfUnit(
            environment, home: UserNumbers.home(of: user), runtime: runtime,
            socket: socket ?? runtime + "/authagent/agent.sock")
    }

    /// Whether the unit serves the same accounts: it takes its home from the user database and has no XDG variables.
    package static func isOfUnit(
        _ environment: [String: String], home: String?, runtime: String, socket: String
    ) -> Bool {
        guard let home, home.hasPrefix("/"), socket == runtime + "/authagent/agent.sock" else { return false }
        func isUsual(_ name: String, _ usual: String) -> Bool {
            // The XDG Base Directory Specification ignores relative paths.
            environment[name].map { !$0.hasPrefix("/") || $0 == usual } ?? true
        }
        return environment["HOME"] == home && isUsual("XDG_CONFIG_HOME", home + "/.config")
            && isUsual("XDG_STATE_HOME", home + "/.local/state")
            && environment["AUTHAGENT_SYSTEM_CONFIG"].map { !$0.hasPrefix("/") } ?? true
    }
}
