import AgentAPI
import Configuration
import TestSupport
import Testing

/// The keys of the configuration files, from the hint about an unknown key, compared with authagent.toml(5).
struct ConfigurationKeyTests {
    private static let unknown = "zzzzzzzz = 1"

    private let files: TemporaryDirectory
    private let manual: ManualPage

    init() throws {
        files = try TemporaryDirectory()
        manual = try ManualPage("authagent.toml.5")
    }

    /// Returns the keys that the error's hint lists.
    private func keys(in error: ConfigurationError?) throws -> [String] {
        let beginning = "the keys are: "
        let hint = try #require(error?.hint)
        try #require(hint.hasPrefix(beginning), "\(hint)")
        return hint.dropFirst(beginning.count).split(separator: ", ").map(String.init)
    }

    private func settingsError(_ text: String) throws -> ConfigurationError? {
        try files.directory("authagent")
        try files.file("authagent/authagent.toml", text)
        let environment = [
            "HOME": files.path, "XDG_CONFIG_HOME": files.path, "AUTHAGENT_SYSTEM_CONFIG": files.path + "/none",
        ]
        let paths = try #require(UserPaths(environment: environment))
        return #expect(throws: ConfigurationError.self) { try DaemonSettings.load(paths) }
    }

    @Test("each key of an account file has an entry, and no other has")
    func account() throws {
        try files.directory("user")
        try files.file("user/work.toml", Self.unknown)
        let directory = AccountDirectory(user: files.path + "/user", system: files.path + "/system")
        let name = try #require(AccountName("work"))
        let keys = try keys(in: #expect(throws: ConfigurationError.self) { try directory.load(name) })
        #expect(keys == AccountKey.all.map(\.name).sorted())
        let entries = manual.items(of: "ACCOUNT FILE").filter { $0.first == "Ic" }
        #expect(entries.flatMap { $0.dropFirst().prefix { !$0.hasPrefix("Pq") } }.sorted() == keys)
    }

    @Test("each key of authagent.toml has an entry, and its rules a section")
    func settings() throws {
        let keys = try keys(in: settingsError(Self.unknown))
        #expect(keys.contains("log_level") && keys.contains("network.proxy"))
        for key in keys where !["credential", "rule", "sink"].contains(key) {
            #expect(manual.entries.contains(key), "\(key)")
        }
        #expect(manual.headings.contains("RULES") && manual.headings.contains("SINKS"))
    }

    @Test("each key of a sink has an entry, and no other has")
    func sink() throws {
        let keys = try keys(in: settingsError("[[sink]]\naccount = \"work\"\n" + Self.unknown))
        let entries = manual.items(of: "SINKS").filter { $0.first == "Ic" }.compactMap { $0.dropFirst().first }
        #expect(entries.sorted() == keys.sorted())
    }

    @Test("each key of a credential has an entry, and no other has")
    func credential() throws {
        let table = "[[credential]]\nunit = \"a.service\"\ncredential = \"a\"\naccount = \"work\"\n"
        let keys = try keys(in: settingsError(table + Self.unknown))
        let entries = manual.items(of: "CREDENTIALS").filter { $0.first == "Ic" }.compactMap { $0.dropFirst().first }
        #expect(entries.sorted() == keys.sorted())
    }

    @Test("each key of a rule has an entry")
    func rule() throws {
        let rule = "[[rule]]\naccounts = [\"work\"]\nuser = \"*\"\nallow = [\"token\"]\n"
        let keys = try keys(in: settingsError(rule + Self.unknown))
        #expect(keys.contains("allow") && keys.contains("executable_sha256"))
        for key in keys { #expect(manual.entries.contains(key), "\(key)") }
    }
}
