import AgentAPI
import Configuration
import Foundation
import Policy
import TestSupport
import Testing

/// The drop-ins of the machine's authagent.toml.
struct DropInTests {
    private let files: TemporaryDirectory
    private let paths: UserPaths

    init() throws {
        files = try TemporaryDirectory()
        for name in ["etc/authagent.toml.d", "config/authagent"] { try files.directory(name) }
        let environment = [
            "XDG_CONFIG_HOME": files.path + "/config", "XDG_STATE_HOME": files.path,
            "AUTHAGENT_SYSTEM_CONFIG": files.path + "/etc",
        ]
        paths = try #require(UserPaths(environment: environment))
    }

    private var directory: String { files.path + "/etc/authagent.toml.d" }

    @discardableResult
    private func dropIn(_ name: String, _ text: String, mode: Int = 0o644) throws -> String {
        try files.file("etc/authagent.toml.d/" + name, text, mode: mode)
    }

    private func rule(_ account: String) -> String {
        "[[rule]]\naccounts = [\"\(account)\"]\nuid = 1\nallow = [\"token\"]\n"
    }

    private func error() throws -> ConfigurationError {
        try #require(throws: ConfigurationError.self) { try DaemonSettings.load(paths) }
    }

    @Test("rules come from authagent.toml, then from drop-ins in byte order, then from the user's file")
    func order() throws {
        try files.file("etc/authagent.toml", rule("main"))
        // In byte order 100 is before 20, and capitals are before small letters.
        for name in ["b", "B", "20", "100"] { try dropIn("\(name).toml", rule("in-\(name)")) }
        try files.file("config/authagent/authagent.toml", rule("user"))
        let rules = try DaemonSettings.load(paths).rules
        #expect(rules.flatMap(\.accounts).map(\.description) == ["main", "in-100", "in-20", "in-B", "in-b", "user"])
        #expect(rules[1].source == directory + "/100.toml:1")
    }

    @Test("drop-ins alone are enough; their lists are joined, and tables are merged key by key")
    func merged() throws {
        try dropIn("1.toml", "log_level = \"debug\"\n[network]\nproxy = \"http://p:1\"\n" + rule("a"))
        let credential = "[[credential]]\nunit = \"a.service\"\ncredential = \"x\"\naccount = \"a\"\n"
        try dropIn("2.toml", "on_refreshed = [\"/bin/true\"]\n[network]\ntimeout = 20\n" + credential)
        try dropIn("3.toml", rule("b") + "[[sink]]\naccount = \"a\"\n" + credential)
        try files.file("config/authagent/authagent.toml", "log_level = \"error\"\n")
        let settings = try DaemonSettings.load(paths)
        #expect(settings.logLevel == .error, "the user's file wins")
        #expect(settings.network.proxy == "http://p:1" && settings.network.timeout == .seconds(20))
        #expect(settings.hooks[.refreshed] == ConfiguredProgram("/bin/true"))
        #expect(settings.rules.count == 2 && settings.credentials.count == 2 && settings.sinks.configured.count == 1)
    }

    @Test(
        "a key that is twice in the machine's files is refused with both places",
        arguments: [
            ("log_level = \"info\"\n", "# two\nlog_level = \"info\"\n", "log_level", 1, 2),
            ("[network]\ntimeout = 5\n", "\nnetwork.timeout = 5\n", "network.timeout", 2, 2),
            ("on_refreshed = []\n", "log_level = \"info\"\non_refreshed = []\n", "on_refreshed", 1, 2),
        ])
    func twice(main: String, second: String, key: String, line: Int, other: Int) throws {
        let first = try files.file("etc/authagent.toml", main)
        let path = try dropIn("x.toml", second)
        let error = try error()
        #expect(error.file == path && error.line == other)
        #expect(error.problem == "\(key): it is in \(first):\(line) as well")
    }

    @Test("two sinks of the machine's files with the same path are refused with both places")
    func sameSink() throws {
        let first = try dropIn("1.toml", "[[sink]]\naccount = \"a\"\npath = \"/srv/t\"\n")
        let second = try dropIn("2.toml", "[[sink]]\naccount = \"b\"\npath = \"/srv/t\"\n")
        let error = try error()
        #expect(error.file == second && error.line == 3 && error.problem.contains("the sink at \(first):1"), "\(error)")
        // The user's own may have it: the machine's is in force then.
        try FileManager.default.removeItem(atPath: second)
        try files.file("config/authagent/authagent.toml", "[[sink]]\naccount = \"b\"\npath = \"/srv/t\"\n")
        #expect(try DaemonSettings.load(paths).sinks.inForce.map(\.account.description) == ["a"])
    }

    @Test(
        "files of editors and package managers, dot files and other names are ignored",
        arguments: [
            "a.toml~", ".a.toml", ".a.toml.swp", "#a.toml#", ".#a.toml", "a.toml.dpkg-old", "a.toml.rpmsave",
            "a.toml.bak", "a.conf", "a.TOML", "toml", "a.toml.d",
        ])
    func ignored(name: String) throws {
        try dropIn(name, "nonsense")
        try dropIn("real.toml", "log_level = \"debug\"\n")
        #expect(try DaemonSettings.load(paths).logLevel == .debug)
    }

    @Test("a drop-in that is broken, loose, a FIFO, a directory or a link to nothing is refused")
    func refused() throws {
        let path = try dropIn("x.toml", "log_level = \n")
        #expect(try error().description.hasPrefix("\(path):1: "))
        try dropIn("x.toml", "", mode: 0o666)
        #expect(try error().problem == "others may write to this file")
        let replacements: [() -> Int32] = [
            { mkfifo(path, 0o600) }, { mkdir(path, 0o700) }, { symlink("/nonexistent/x", path) },
        ]
        for replace in replacements {
            try FileManager.default.removeItem(atPath: path)
            try #require(replace() == 0)
            #expect(try error().file == path)
        }
        #expect(try error().problem == "this is a link to a file that does not exist")
    }

    @Test("a link to a drop-in is followed, as configuration management makes them")
    func link() throws {
        let target = try files.file("shared.toml", "log_level = \"debug\"\n", mode: 0o644)
        try #require(symlink(target, directory + "/x.toml") == 0)
        #expect(try DaemonSettings.load(paths).logLevel == .debug)
    }

    @Test("a directory of drop-ins that others may write to, or that is not a directory, is refused")
    func looseDirectory() throws {
        try #require(chmod(directory, 0o777) == 0)
        let loose = try error()
        #expect(loose.file == directory && loose.hint == "run 'chmod go-w \(directory)'")
        try FileManager.default.removeItem(atPath: directory)
        #expect(throws: Never.self) { try DaemonSettings.load(paths) }
        try files.file("etc/authagent.toml.d", "")
        #expect(try error().file == directory)
    }

    @Test("more rules than the limit are refused, however many files they are in")
    func limits() throws {
        for number in 100..<103 {
            try dropIn("\(number).toml", String(repeating: rule("a"), count: 90))
        }
        let error = try error()
        #expect(error.file == directory + "/102.toml" && error.problem == "rule: there are more than 256", "\(error)")
    }

    @Test("the user's directory has no drop-ins: the user's own file is enough for one person")
    func userDirectory() throws {
        try files.directory("config/authagent/authagent.toml.d")
        try files.file("config/authagent/authagent.toml.d/x.toml", "nonsense")
        #expect(throws: Never.self) { try DaemonSettings.load(paths) }
    }
}
