internal import Glibc

/// The agent as a unit of the user's service manager (systemd.unit(5)): one that a command starts there does not end with
/// the job, the session or the container of control groups that the command runs in.
public enum UserService {
    public static let unit = "authagent.socket"

    /// The manager's runtime directory, if the agent of its unit is the one that this environment means; else `nil`.
    public static func runtimeDirectory(
        _ environment: [String: String], user: UInt32, socket: String
    ) -> String? {
        let runtime = "/run/user/\(user)"
        var status = stat()
        // systemctl(1) talks to the manager there.
        guard lstat(runtime + "/systemd/private", &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
            status.st_uid == user,
            isOfUnit(environment, home: UserNumbers.home(of: user), runtime: runtime, socket: socket)
        else { return nil }
        return runtime
    }

    /// The unit has its home from the user database, and no XDG variables: with others it would serve other accounts.
    package static func isOfUnit(
        _ environment: [String: String], home: String?, runtime: String, socket: String
    ) -> Bool {
        guard let home, home.hasPrefix("/"), socket == runtime + "/authagent/agent.sock" else { return false }
        func isUsual(_ name: String, _ usual: String) -> Bool {
            // A relative path is ignored, by the XDG Base Directory Specification.
            environment[name].map { !$0.hasPrefix("/") || $0 == usual } ?? true
        }
        return environment["HOME"] == home && isUsual("XDG_CONFIG_HOME", home + "/.config")
            && isUsual("XDG_STATE_HOME", home + "/.local/state")
            && environment["AUTHAGENT_SYSTEM_CONFIG"].map { !$0.hasPrefix("/") } ?? true
    }
}
