import AgentAPI
import Configuration
import Policy
import TestSupport
import Testing

/// `[[rule]]` in `authagent.toml`.
struct RuleTableTests {
    private static let names = UserNames(
        user: { ["backup": 34, "ci": 1001, "root": 0][$0] }, group: { ["ops": 50, "ci": 1001][$0] }
    )

    private func load(user: String? = nil, system: String? = nil) throws -> DaemonSettings {
        try DaemonSettings.load(user: user, system: system, names: Self.names)
    }

    @Test("types of authorization details bound a rule, also an empty list; what cannot be a type is refused")
    func authorizationTypes() throws {
        func rule(_ lines: String) throws -> AccessRule {
            let text = "[[rule]]\naccounts = [\"*\"]\nuser = \"ci\"\nallow = [\"token\"]\n" + lines
            return try #require(try load(user: text).rules.first)
        }
        let listed = try rule("authorization_types = [\"payment\", \"https://x.example/t\"]\n")
        #expect(listed.authorizationTypes == ["payment", "https://x.example/t"])
        #expect(listed.bound?.beyond(types: ["payment", "other"]) == ["other"])
        #expect(listed.bound?.resources == [] && listed.bound?.scopes == nil)
        #expect(try rule("authorization_types = []\n").bound?.beyond(types: ["a"]) == ["a"])
        #expect(try rule("scopes = [\"a\"]\n").bound?.beyond(types: ["a"]) == ["a"])
        #expect(try rule("").bound == nil)
        for list in ["[\"\"]", "[\"a b\"]", "[1]", "\"a\"", "[\"\(String(repeating: "x", count: 257))\"]"] {
            #expect(throws: ConfigurationError.self, "\(list)") { _ = try rule("authorization_types = \(list)\n") }
        }
    }

    @Test("a rule is read as written, with the ids of its names and its place in the file")
    func rule() throws {
        let digest = String(repeating: "Ab", count: 32)
        let settings = try load(
            user: """
                log_level = "debug"

                [[rule]]
                accounts = ["work", "ci-*"]
                user = "backup"            # or uid, group, executable, executable_sha256, unit
                allow = ["token"]          # token, id_token, status, login, logout, admin
                scopes = ["repo:read"]
                max_per_minute = 60

                [[ rule ]]
                accounts = [
                    "*",
                ]
                uid = 1001
                group = "ops"
                executable = "/no/such/program"
                executable_sha256 = "\(digest)"
                unit = "ci@*.service"
                allow = []
                """)
        #expect(settings.logLevel == .debug)
        let (first, second) = (try #require(settings.rules.first), try #require(settings.rules.last))
        #expect(settings.rules.count == 2)
        #expect(first.accounts == [Glob("work"), Glob("ci-*")])
        #expect(first.conditions == [.user(34, name: "backup")])
        #expect(first.allow == [.token])
        #expect(first.scopes == ScopeBound(["repo:read"]))
        #expect(first.maximumPerMinute == 60)
        #expect(first.source.hasSuffix("/config/authagent/authagent.toml:3"))
        #expect(
            second.conditions == [
                .user(1001, name: nil), .group(50, name: "ops"), .executable("/no/such/program"),
                .executableDigest(digest.lowercased()), .unit(Glob("ci@*.service")),
            ])
        #expect(second.allow == [])
        #expect(second.scopes == nil)
        #expect(second.source.hasSuffix("authagent.toml:10"))
    }

    @Test("the system's rules come before the user's, so that users cannot overrule them")
    func order() throws {
        let settings = try load(
            user: "[[rule]]\naccounts = [\"a\"]\nuser = \"*\"\nallow = [\"token\"]\n",
            system: "[[rule]]\naccounts = [\"b\"]\nuser = \"*\"\nallow = []\n"
        )
        #expect(settings.rules.map { $0.accounts.map(\.description) } == [["b"], ["a"]])
        #expect(settings.rules.map(\.conditions) == [[.everyUser], [.everyUser]])
        #expect(settings.rules.first?.source.hasSuffix("/etc/authagent.toml:1") == true)
    }

    @Test("rules may be written inline; their place is the line of the key")
    func inline() throws {
        let settings = try load(
            user: "log_format = \"json\"\nrule = [{accounts = [\"a\"], uid = 1, allow = [\"token\"]}]\n")
        #expect(settings.rules.map(\.conditions) == [[.user(1, name: nil)]])
        #expect(settings.rules.first?.source.hasSuffix("authagent.toml:2") == true)
    }

    @Test("with an empty list of resources or audiences, only the account's own are allowed")
    func places() throws {
        let rule = "[[rule]]\naccounts = [\"a\"]\nuser = \"*\"\nallow = [\"token\"]\n"
        let settings = try load(
            user: rule + "resources = [\"urn:a\", \"https://b.example/\"]\naudiences = [\"api\"]\n" + rule
                + "resources = []\n" + rule)
        #expect(settings.rules.map(\.resources) == [["urn:a", "https://b.example/"], [], nil])
        #expect(settings.rules.map(\.audiences) == [["api"], nil, nil])
    }

    @Test("patterns of AWS roles are read; an empty list, and a text that cannot match, are refused")
    func awsRoles() throws {
        let rule = "[[rule]]\naccounts = [\"a\"]\nuser = \"*\"\nallow = [\"token\"]\n"
        let settings = try load(user: rule + "aws_roles = [\"*/ReadOnly\"]\n" + rule)
        #expect(settings.rules.map { $0.awsRoles?.map(\.description) } == [["*/ReadOnly"], nil])
        for (value, hint) in [
            ("[]", "name a role"), ("[\"*\"]", "ACCOUNT_ID/ROLE"), ("[\"a/b/c\"]", "ACCOUNT_ID/ROLE"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try load(user: rule + "aws_roles = \(value)\n") }
            #expect(error?.line == 5 && error?.hint.contains(hint) == true, "\(value)")
        }
    }

    @Test("mistakes are refused with their line and a suggestion")
    func mistakes() throws {
        let good = "[[rule]]\naccounts = [\"work\"]\nuser = \"backup\"\nallow = [\"token\"]\n"
        let table: [(text: String, line: Int, hint: String)] = [
            (good + "max_per_minut = 6\n", 5, "'max_per_minute'"),
            (
                good + "colour = 6\n", 5,
                "the keys are: accounts, allow, audiences, authorization_types, aws_roles, confirm"
            ),
            (good + "[rule.more]\nx = 1\n", 1, "the keys are"),
            (good + good.replacing("token", with: "tokens"), 8, "'token'"),
            (good.replacing("\"token\"", with: "\"everything\""), 4, "choose from: token, id_token"),
            (good.replacing("[\"token\"]", with: "\"token\""), 4, "a list of strings"),
            (good.replacing("allow = [\"token\"]\n", with: ""), 1, "add: allow"),
            (good.replacing("\"token\"", with: "\"token\", \"admin\""), 4, "accounts = [\"*\"]"),
            (good.replacing("user = \"backup\"\n", with: ""), 1, "user = \"*\" matches every user"),
            (good.replacing("backup", with: "backups"), 3, "getent passwd"),
            (good.replacing("user = \"backup\"", with: "group = \"nobody-here\""), 3, "getent group"),
            (good.replacing("user = \"backup\"", with: "uid = -1"), 3, "0 to"),
            (good.replacing("user = \"backup\"", with: "uid = 4294967295"), 3, "0 to"),
            (good.replacing("user = \"backup\"", with: "uid = \"34\""), 3, "whole number"),
            (good.replacing("accounts = [\"work\"]\n", with: ""), 1, "add: accounts"),
            (good.replacing("[\"work\"]", with: "[]"), 2, "add: accounts"),
            (good.replacing("\"work\"", with: "\"wo rk\""), 2, "1 to 64 letters"),
            (good.replacing("\"work\"", with: "\"../etc\""), 2, "1 to 64 letters"),
            (good.replacing("\"work\"", with: "\"work?\""), 2, "1 to 64 letters"),
            (
                good.replacing("\"work\"", with: Array(repeating: "\"a\"", count: 65).joined(separator: ",")), 2,
                "pattern"
            ),
            (good.replacing("user = \"backup\"", with: "executable = \"bin/x\""), 3, "realpath"),
            (good.replacing("user = \"backup\"", with: "executable = \"/usr/../bin/x\""), 3, "realpath"),
            (good.replacing("user = \"backup\"", with: "executable = \"/usr/bin/*\""), 3, "by its whole path"),
            (good + "log_level = \"info\"\n", 5, "put keys of the file before the first [[rule]]"),
            (good + "network.proxy = \"\"\n", 5, "put keys of the file before the first [[rule]]"),
            (good + "loglevel = \"info\"\n", 5, "the keys are"),
            (good.replacing("user = \"backup\"", with: "executable = \"/proc/self/exe\""), 3, "give \"/"),
            (good.replacing("user = \"backup\"", with: "executable_sha256 = \"abc\""), 3, "sha256sum"),
            (good.replacing("user = \"backup\"", with: "unit = \"backup\""), 3, "backup.service"),
            (good.replacing("user = \"backup\"", with: "unit = \".service\""), 3, "backup.service"),
            (good.replacing("user = \"backup\"", with: "unit = \"a/b.service\""), 3, "backup.service"),
            (good + "scopes = []\n", 5, "leave scopes out"),
            (good + "scopes = [\"a b\"]\n", 5, "RFC 6749"),
            (good + "resources = [\"api\"]\n", 5, "absolute URIs"),
            (good + "resources = [\"https://a.example/#x\"]\n", 5, "absolute URIs"),
            (good + "resources = \"urn:a\"\n", 5, "a list of strings"),
            (good + "resource = [\"urn:a\"]\n", 5, "'resources'"),
            (good + "audiences = [\"\"]\n", 5, "as requests name them"),
            (good + "audiences = [\"\u{e9}\"]\n", 5, "as requests name them"),
            (good + "audiences = [\(Array(repeating: "\"a\"", count: 65).joined(separator: ","))]\n", 5, "several"),
            (good + "max_per_minute = 0\n", 5, "1 to"),
            (good.replacing("[[rule]]", with: "[rule]"), 1, "[[rule]]"),
            ("rule = 5\n", 1, "[[rule]]"),
            ("rule = [5]\n", 1, "[[rule]]"),
            (String(repeating: good, count: 257), 1025, "authagent.toml(5)"),
        ]
        for (text, line, hint) in table {
            let error = try #require(throws: ConfigurationError.self, "\(text.prefix(200))") { try load(user: text) }
            #expect(error.line == line, "\(error) \(text.suffix(200))")
            #expect(error.hint.contains(hint), "\(error.hint)")
        }
    }

    @Test("the limit of rules is for both files together")
    func bound() throws {
        let rule = "[[rule]]\naccounts = [\"a\"]\nuid = 1\nallow = []\n"
        let many = String(repeating: rule, count: 200)
        #expect(try load(user: String(repeating: rule, count: 56), system: many).rules.count == 256)
        let error = try #require(throws: ConfigurationError.self) {
            try load(user: String(repeating: rule, count: 57), system: many)
        }
        #expect(error.file.hasSuffix("/config/authagent/authagent.toml"))
    }

    @Test("the names of this machine have their ids")
    func systemNames() {
        #expect(UserNames.system.user("root") == 0)
        #expect(UserNames.system.group("root") == 0)
        #expect(UserNames.system.user("no-such-user-here") == nil)
        #expect(UserNames.system.group("no-such-group-here") == nil)
        #expect(UserNames.system.user("") == nil)
    }
}
