import AgentAPI
import Configuration
import Foundation
import TestSupport
import Testing

/// Configuration files of a machine and of a user, for a check.
struct CheckedFiles {
    let files: TemporaryDirectory
    let paths: UserPaths

    static let issuer = "issuer = \"https://issuer.example\"\n"
    /// An account file of two lines.
    static let account = issuer + "client_id = \"tv\"\n"

    init() throws {
        files = try TemporaryDirectory()
        for name in ["etc/accounts", "etc/authagent.toml.d", "config/authagent/accounts"] { try files.directory(name) }
        let environment = [
            "XDG_CONFIG_HOME": files.path + "/config", "XDG_STATE_HOME": files.path,
            "AUTHAGENT_SYSTEM_CONFIG": files.path + "/etc", "XDG_RUNTIME_DIR": files.path,
        ]
        paths = try #require(UserPaths(environment: environment))
    }

    /// The user's account file of this name.
    static func account(_ name: String) -> String { "config/authagent/accounts/\(name).toml" }

    func path(_ name: String) -> String { "\(files.path)/\(name)" }

    /// Replaces whatever has this name by a file with these bytes.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path(name)))
        try #require(chmod(path(name), 0o600) == 0)
    }

    func check() -> ConfigurationReport {
        ConfigurationCheck.report(paths, ConfigurationCheck.Parts { _ in nil })
    }
}
