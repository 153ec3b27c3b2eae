public import AgentAPI
public import Policy

/// The daemon's settings, `authagent.toml`. The user's file wins over the system's, key by key; but the system's rules
/// come first, because the first match decides and users must not overrule them.
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

    public static func load(
        _ paths: UserPaths, names: UserNames = .system
    ) throws(ConfigurationError) -> DaemonSettings {
        var settings = DaemonSettings(network: NetworkSettings(), logLevel: .info, logFormat: .text)
        for directory in [paths.systemConfiguration, paths.configuration] {
            let path = "\(directory)/\(fileName)"
            try ProtectedFile.requirePrivate(directory)
            guard let text = try ProtectedFile.text(path) else { continue }
            try settings.apply(text, path: path, SinkTable.Places(paths, names))
        }
        settings.sinks.added = try AddedSinks(paths, names: names).load()
        settings.subordinates = names.subordinates()
        return settings
    }

    private mutating func apply(
        _ text: String, path: String, _ places: SinkTable.Places
    ) throws(ConfigurationError) {
        let names = places.names
        var file = try TOMLFile(path: path, text: text)
        if let level = try file.choice("log_level", LogLevel.self) { logLevel = level }
        if let format = try file.choice("log_format", LogFormat.self) { logFormat = format }
        if let path = try file.string("audit_file") {
            guard path.isEmpty || path.hasPrefix("/") else {
                throw file.error("audit_file", "the path is not absolute", hint: "give a path that starts with /")
            }
            auditFile = path.isEmpty ? nil : path
        }
        if let group = try file.string("socket_group") {
            socketGroup = try group.isEmpty ? nil : number(of: group, file, names)
        }
        // Not key by key: a user must not take back what the machine demands.
        if try file.boolean("strict") == true { isStrict = true }
        try hooks.read(&file)
        if let proxy = try file.string("network.proxy") { network.proxy = proxy }
        if let noProxy = try file.string("network.no_proxy") { network.noProxy = noProxy }
        if let caFile = try file.string("network.ca_file") {
            guard caFile.hasPrefix("/") else {
                throw file.error("network.ca_file", "the path is not absolute", hint: "give a path that starts with /")
            }
            // The file decides which providers are trusted. The doctor reports a missing one.
            _ = try ProtectedFile.read(caFile, mayBeReadByOthers: true, limit: ProtectedFile.longestBundle)
            network.caFile = caFile
        }
        if let seconds = try file.integer("network.connect_timeout", in: 1...120) {
            network.connectTimeout = .seconds(seconds)
        }
        if let seconds = try file.integer("network.timeout", in: 1...300) { network.timeout = .seconds(seconds) }
        for var table in try file.tables("rule", most: AccessRuleTable.most - rules.count) {
            rules.append(try AccessRuleTable.parse(&table, names))
        }
        sinks.configured += try file.sinks(places)
        for var table in try file.tables("credential", most: CredentialTable.most - credentials.count) {
            credentials.append(try CredentialTable.parse(&table))
        }
        try file.refuseUnknownKeys()
    }

    private func number(
        of group: String, _ file: TOMLFile, _ names: UserNames
    ) throws(ConfigurationError) -> UInt32 {
        if let number = names.group(group) { return number }
        throw file.error(
            "socket_group", "there is no such group on this machine", hint: "create it first, or see 'getent group'"
        )
    }
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
