/// The paths of this user's files, by the XDG Base Directory Specification.
public struct UserPaths: Equatable, Sendable {
    /// `authagent.toml` and `accounts/` of the user.
    public let configuration: String
    /// The directory of the machine-wide `authagent.toml` and `accounts/`, which the administrator writes.
    public let systemConfiguration: String
    /// The lock, and the log of an agent that the client started.
    public let state: String
    /// The directory of sinks without a path of their own. It is in memory, and gone after a reboot.
    public let sinks: String

    /// Derives the paths; `nil` if neither HOME nor the XDG variables name a directory. Relative paths in XDG variables
    /// are ignored, as the specification requires.
    public init?(environment: [String: String]) {
        func absolute(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let home = absolute("HOME")
        guard let configuration = absolute("XDG_CONFIG_HOME") ?? home.map({ $0 + "/.config" }),
            let state = absolute("XDG_STATE_HOME") ?? home.map({ $0 + "/.local/state" })
        else { return nil }
        self.configuration = configuration + "/authagent"
        systemConfiguration = absolute("AUTHAGENT_SYSTEM_CONFIG") ?? "/etc/authagent"
        self.state = state + "/authagent"
        sinks = (absolute("XDG_RUNTIME_DIR") ?? "/run") + "/authagent/sink"
    }

    /// The sinks that 'authagent sink add' has written.
    public var addedSinks: String { configuration + "/sinks.toml" }
    /// What the sinks' files hold, so that the next agent can remove those of an agent that was killed.
    public var sinkRecords: String { state + "/sinks" }
    /// Held by the one agent of this user.
    public var lock: String { state + "/agent.lock" }
    /// The journal, which holds rotated refresh tokens until the store has them.
    public var journal: String { state + "/journal" }
    /// The sealed store.
    public var sealed: String { state + "/sealed" }
    /// When the expiry of logins was announced.
    public var notices: String { state + "/notices.json" }
    /// When the agent has asked users on its own to renew a login.
    public var renewals: String { state + "/renewals.json" }
    /// The log of an agent that the client started.
    public var log: String { state + "/authagentd.log" }
}
