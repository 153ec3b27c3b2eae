import AgentAPI
import Configuration
import Foundation
import TestSupport
import Testing

/// `authagent config check`: each broken file with its lines.
struct ConfigurationCheckTests {
    /// A file that is wrong, and the places at which a check must find it so.
    struct Broken: Sendable, CustomTestStringConvertible {
        let what: String
        let name: String
        let bytes: [UInt8]
        /// Line and a part of the problem; line 0 for the whole file.
        let found: [(line: Int, problem: String)]

        var testDescription: String { what }

        init(_ what: String, _ name: String, _ text: String, _ found: (Int, String)...) {
            self.init(what, name, bytes: Array(text.utf8), found)
        }

        init(_ what: String, _ name: String, bytes: [UInt8], _ found: [(Int, String)]) {
            (self.what, self.name, self.bytes) = (what, name, bytes)
            self.found = found.map { ($0.0, $0.1) }
        }

        /// A file of the account `work`, after its first two lines.
        init(account what: String, _ text: String, _ found: (Int, String)...) {
            self.init(what, CheckedFiles.account("work"), bytes: Array((CheckedFiles.account + text).utf8), found)
        }

        /// The user's authagent.toml.
        init(settings what: String, _ text: String, _ found: (Int, String)...) {
            self.init(what, "config/authagent/authagent.toml", bytes: Array(text.utf8), found)
        }
    }

    private static let rule = "[[rule]]\naccounts = [\"a\"]\nuid = 1\nallow = [\"token\"]\n"

    static let accounts: [Broken] = [
        Broken(account: "no value", "audience = \n", (3, "this is not TOML")),
        Broken(account: "an open quote", "audience = \"x\n\n", (3, "this is not TOML")),
        Broken(account: "a key twice", "\nclient_id = \"other\"\n", (4, "this is not TOML")),
        Broken(account: "an unknown key", "client_idd = \"x\"\n", (3, "unknown key 'client_idd'")),
        Broken(account: "a list for a text", "audience = [\"x\"]\n", (3, "audience: the value has the wrong type")),
        Broken(account: "a secret", "client_secret = \"canary\"\n", (3, "secrets must not be stored")),
        Broken(account: "a duration", "keep_alive = \"7 days\"\n", (3, "keep_alive: this is not a duration")),
        Broken(account: "a service's URL", "urls = [\"https://u@git.example/\"]\n", (3, "urls: ")),
        Broken(account: "an unsafe flow", "grant = \"password\"\n", (3, "grant: ")),
        Broken(account: "a store", "store = \"disk\"\n", (3, "store: 'disk' is not known")),
        Broken(
            account: "a relative path, and a scope of two", "client_secret_file = \"secret\"\nscopes = [\"a b\"]\n",
            (3, "the path is not absolute"), (4, "is not one scope")),
        Broken(
            account: "a secret file that is missing", "client_secret_file = \"/nonexistent/s\"\n", (3, "is missing")),
        Broken(account: "a NUL", "audience = \"a\0\"\n", (3, "not UTF-8")),
        Broken(
            "Latin-1", CheckedFiles.account("work"),
            bytes: Array(CheckedFiles.account.utf8) + [0x23, 0xE9, 0x0A], [(3, "this is not UTF-8 text")]),
        Broken(
            "UTF-16", CheckedFiles.account("work"), bytes: [0xFF, 0xFE, 0x61, 0x00], [(1, "this is not UTF-8 text")]),
        Broken(
            "CR LF, and a byte order mark", CheckedFiles.account("work"),
            "\u{FEFF}issuerr = \"x\"\r\nclient_id = 1\r\n\r\nstore = 2\r\n", (1, "unknown key 'issuerr'"),
            (2, "client_id: "), (4, "store: ")),
        Broken(
            "a number for an issuer, and five more", CheckedFiles.account("work"),
            "issuer = 1\nclient_id = 2\nscopes = 3\npassword = \"x\"\nfoo = 1\nkeep_alive = \"1y\"\n", (1, "issuer: "),
            (2, "client_id: "), (3, "scopes: "), (4, "password: "), (5, "unknown key 'foo'"), (6, "keep_alive: ")),
        Broken("a name with a space", "etc/accounts/a b.toml", CheckedFiles.account, (0, "not that of an account")),
        Broken(
            "a chain that is a circle", CheckedFiles.account("work"),
            CheckedFiles.account + "grant = \"token_exchange\"\nsubject_account = \"work\"\n", (4, "subject_account: ")),
        Broken(
            "70 KB", CheckedFiles.account("work"), "#" + String(repeating: "x", count: 70_000), (0, "larger than 65536")
        ),
    ]

    static let settings: [Broken] = [
        Broken(settings: "a level", "\nlog_level = \"loud\"\n", (2, "log_level: 'loud' is not known")),
        Broken(settings: "a timeout, and a proxy", "[network]\ntimeout = 0\nproxy = 1\n", (2, ": 0"), (3, "proxy: ")),
        Broken(settings: "an inline table", "\nnetwork = {timeout = 0}\n", (2, "network.timeout: 0")),
        Broken(settings: "a group", "socket_group = \"no-such-group\"\n", (1, "socket_group: there is no such group")),
        Broken(settings: "a hook's program", "on_refreshed = [\"/nonexistent/x\"]\n", (1, "there is no program")),
        Broken(settings: "a confirmation's program", "\non_confirm = [\"notify\"]\n", (2, "is not the absolute path")),
        Broken(
            settings: "rules",
            rule + "[[rule]]\naccounts = [\"/\"]\nallow = [\"tokens\"]\nsscopes = []\n" + rule
                + "[[rule]]\nuid = 1\n", (6, "accounts: "), (7, "allow: 'tokens' is not"), (8, "unknown key 'sscopes'"),
            (13, "accounts: ")),
        Broken(
            settings: "a credential", "[[credential]]\nunit = \"x\"\naccount = \"a/b\"\nwhat = \"env\"\n",
            (2, "unit: "), (3, "account: ")),
        Broken(
            settings: "a sink", "[[sink]]\naccount = \"a\"\npath = \"x\"\nmode = \"0777\"\ngroup = \"no-such-group\"\n",
            (3, "path: "), (4, "mode: "), (5, "group: ")),
        Broken(
            settings: "a sink's program", "[[sink]]\naccount = \"a\"\non_change = [\"/etc/passwd\"]\n", (3, "on_change")
        ),
        Broken(settings: "a rule that is a value", "rule = 3\n", (1, "rule: the value has the wrong type")),
        Broken(
            "an added sink", "config/authagent/sinks.toml", "[[sink]]\naccount = \"a\"\nmode = \"0777\"\n",
            (3, "mode: ")),
        Broken("a drop-in", "etc/authagent.toml.d/a.toml", "log_levl = \"info\"\n", (1, "unknown key 'log_levl'")),
        Broken("the machine's", "etc/authagent.toml", "log_format = \"xml\"\n", (1, "log_format: ")),
    ]

    @Test("each error of a broken file is reported with its line", arguments: accounts + settings)
    func broken(file: Broken) throws {
        let checked = try CheckedFiles()
        try checked.write(file.name, file.bytes)
        let report = checked.check()
        let path = checked.path(file.name)
        let problems = report.files.filter { $0.problems.contains { $0.severity == .error } }
        #expect(problems.map(\.path) == [path], "\(report)")
        let errors = problems.flatMap(\.problems).filter { $0.severity == .error }.sorted {
            $0.line ?? 0 < $1.line ?? 0
        }
        #expect(errors.map { $0.line ?? 0 } == file.found.map(\.line), "\(errors)")
        for (error, found) in zip(errors, file.found) {
            #expect(error.problem.contains(found.problem) && !error.hint.isEmpty, "\(error)")
            #expect(!error.problem.contains("canary") && !error.hint.contains("canary"))
        }
        #expect(!report.ok && report.errors == file.found.count)
    }

    @Test("files without a mistake are listed, and nothing else")
    func good() throws {
        let checked = try CheckedFiles()
        let names = [
            "etc/authagent.toml", "etc/authagent.toml.d/a.toml", "config/authagent/authagent.toml",
            "config/authagent/sinks.toml",
        ]
        for name in names { try checked.files.file(name, "") }
        let accounts = ["etc/accounts/ci.toml", CheckedFiles.account("work")]
        for name in accounts { try checked.files.file(name, CheckedFiles.account) }
        for name in [".x.toml.swp", "x.toml~"] { try checked.files.file("etc/accounts/" + name, "nonsense") }
        let report = checked.check()
        #expect(
            report == ConfigurationReport(files: (names + accounts).map { .init(path: checked.path($0)) }), "\(report)")
    }

    @Test("a syntax error has its column, and an unknown key the nearest one")
    func column() throws {
        let checked = try CheckedFiles()
        try checked.files.file(CheckedFiles.account("work"), CheckedFiles.account + "audience = = 1\n")
        try checked.files.file("config/authagent/authagent.toml", "log_levl = \"info\"\n")
        let problems = checked.check().files.flatMap(\.problems)
        #expect(problems.map(\.line) == [1, 3] && problems.map(\.column) == [nil, 12], "\(problems)")
        #expect(problems.first?.hint == "did you mean 'log_level'?")
    }
}
