import AgentAPI
import Configuration
import TestSupport
import Testing

extension DaemonSettings {
    /// Loads them as the daemon does, from a user's `authagent.toml`, the system's, both or none.
    static func load(
        user: String? = nil, system: String? = nil, names: UserNames = .system
    ) throws -> DaemonSettings {
        let files = try TemporaryDirectory()
        try files.directory("etc")
        try files.directory("config/authagent")
        if let user { try files.file("config/authagent/authagent.toml", user) }
        if let system { try files.file("etc/authagent.toml", system, mode: 0o644) }
        let environment = [
            "XDG_CONFIG_HOME": files.path + "/config", "XDG_STATE_HOME": files.path,
            "AUTHAGENT_SYSTEM_CONFIG": files.path + "/etc",
        ]
        return try load(try #require(UserPaths(environment: environment)), names: names)
    }
}
