public import Policy

/// The daemon's settings: those of the machine, in `authagent.toml` and its drop-ins, and those of the user's
/// `authagent.toml`, which wins key by key. But the machine's rules come first, because the first match decides and
/// users must not overrule them.
public struct DaemonSettings: Equatable, Sendable {
    public var network: NetworkSettings
    public var logLevel: LogLevel
    public var logFormat: LogFormat
    /// The rules in the order of evaluation.
    public var rules: [AccessRule] = []
    /// The file for a line about each decision, besides the log; `nil` if there is none.
    public var auditFile: String?
    /// The group whose members may connect; `nil` if only the agent's own user may.
    public var socketGroup: UInt32?
    public var hooks = HookSettings()
    /// What systemd's units get as credentials: the machine's rules first, because the first match decides.
    public var credentials: [CredentialRule] = []
    /// Whether the agent refuses to start without all protection of its process. Either file can demand it.
    public var isStrict = false
    /// The sinks of both files, and those of `authagent sink add`.
    public var sinks = SinkDeclarations()
    /// The machine's current subordinate user ids.
    public var subordinates = SubordinateUsers()

    public static let fileName = "authagent.toml"
}

extension DaemonSettings {
    /// Returns the rules of an agent that runs as this user.
    public func accessRules(owner: UInt32) -> AccessRules {
        AccessRules(owner: owner, rules: rules, subordinates: subordinates)
    }
}

/// The settings of connections to providers. `nil` if the usual environment variables apply.
public struct NetworkSettings: Equatable, Sendable {
    public var proxy: String?
    public var noProxy: String?
    public var caFile: String?
    public var connectTimeout: Duration = .seconds(10)
    /// The limit of a whole request.
    public var timeout: Duration = .seconds(30)

    public init() {}
}

public enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
}

public enum LogFormat: String, CaseIterable, Sendable {
    case text, json
}
