import AgentAPI
import Configuration
import Foundation
import System
import TestSupport
import Testing

/// `[[sink]]` in `authagent.toml`, and `sinks.toml`.
struct SinkTableTests {
    private static let names = UserNames(user: { _ in nil }, group: { ["prometheus": 120][$0] })

    private let files: TemporaryDirectory
    private let paths: UserPaths

    init() throws {
        files = try TemporaryDirectory()
        for name in ["config/authagent", "etc"] { try files.directory(name) }
        paths = try #require(
            UserPaths(environment: [
                "XDG_CONFIG_HOME": files.path + "/config", "XDG_STATE_HOME": files.path + "/state",
                "XDG_RUNTIME_DIR": files.path + "/run", "AUTHAGENT_SYSTEM_CONFIG": files.path + "/etc",
            ]))
    }

    private func load(user: String = "", system: String = "") throws -> SinkDeclarations {
        try files.file("config/authagent/authagent.toml", user)
        try files.file("etc/authagent.toml", system, mode: 0o644)
        return try DaemonSettings.load(paths, names: Self.names).sinks
    }

    @Test("a sink is read as written, with its place; without a path it has the account's name")
    func sink() throws {
        let sinks = try load(
            user: """
                [[sink]]
                account = "work"
                path = "/run/prometheus-token/api"
                what = "env"
                variable = "API_TOKEN"
                scopes = ["b", "a"]
                audience = "api"
                group = "prometheus"
                newline = true
                on_change = ["/bin/true", "--now"]
                min_valid = 60
                meta = true

                [[sink]]
                account = "other"
                """
        ).inForce
        let sink = try #require(sinks.first)
        #expect(sink.account.description == "work" && sink.path == "/run/prometheus-token/api")
        #expect(sink.what == .env && sink.variable == "API_TOKEN")
        #expect(sink.target == (try TokenTarget(scopes: ["a", "b"], audience: "api")))
        #expect(sink.group == SinkSettings.Group(name: "prometheus", id: 120) && sink.mode == 0o640)
        #expect(sink.endsWithNewline && sink.hasMeta && sink.minimumValidity == 60)
        #expect(sink.onChange == ConfiguredProgram("/bin/true", ["--now"]))
        #expect(sink.source == files.path + "/config/authagent/authagent.toml:1")
        let other = try #require(sinks.last)
        #expect(other.path == files.path + "/run/authagent/sink/other")
        #expect(
            other.mode == 0o600 && other.minimumValidity == 300 && other.what == .accessToken && other.target == nil)
    }

    @Test("of two sinks with one path the machine's is in force; within one file they are refused")
    func samePath() throws {
        let sink = "[[sink]]\naccount = \"work\"\npath = \"/run/t/x\"\n"
        let sinks = try load(user: sink, system: sink)
        #expect(sinks.inForce.map(\.source) == [files.path + "/etc/authagent.toml:1"])
        #expect(sinks.shadowed.map(\.source) == [files.path + "/config/authagent/authagent.toml:1"])
        let error = #expect(throws: ConfigurationError.self) { try load(user: sink + sink) }
        #expect(error?.line == 6 && error?.problem.contains("/run/t/x") == true)
        // The second file of another could have this name.
        for meta in ["account = \"work\"\npath = \"/run/t/x.meta\"", "account = \"work.meta\""] {
            let error = #expect(throws: ConfigurationError.self) { try load(user: "[[sink]]\n\(meta)\n") }
            #expect(error?.problem.contains(".meta") == true)
        }
    }

    @Test(
        "what cannot be intended is refused with its line and a remedy",
        arguments: [
            ("what = \"refresh_token\"", 3), ("path = \"run/x\"", 3), ("path = \"/run/../etc/x\"", 3),
            ("path = \"/run/x/\"", 3), ("path = \"/run/a\\nb\"", 3), ("what = \"env\"", 1), ("variable = \"A\"", 3),
            ("what = \"env\"\nvariable = \"A-B\"", 4), ("what = \"env\"\nvariable = \"1A\"", 4), ("mode = \"0644\"", 3),
            ("mode = \"0640\"", 3), ("mode = \"644\"", 3), ("mode = \"0700\"", 3), ("group = \"none-such\"", 3),
            ("scopes = []", 3), ("scopes = [\"a b\"]", 3), ("what = \"id_token\"\nscopes = [\"a\"]", 4),
            ("on_change = [\"true\"]", 3), ("on_change = \"/bin/true\"", 3), ("min_valid = 90000", 3),
            ("colour = 1", 3),
        ])
    func mistakes(text: String, line: Int) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try load(user: "[[sink]]\naccount = \"work\"\n\(text)\n")
        }
        #expect(error?.line == line, "\(error?.description ?? "")")
        #expect(error?.hint.isEmpty == false)
    }

    @Test("a sink without an account, and one among the agent's own files, are refused")
    func ownPlaces() throws {
        #expect(throws: ConfigurationError.self) { try load(user: "[[sink]]\npath = \"/run/x\"\n") }
        for directory in ["state/authagent", "config/authagent", "etc"] {
            let path = "\(files.path)/\(directory)/token"
            let error = #expect(throws: ConfigurationError.self) {
                try load(user: "[[sink]]\naccount = \"work\"\npath = \"\(path)\"\n")
            }
            #expect(error?.problem.contains("among the agent's own") == true)
        }
    }

    @Test("an added sink is written to sinks.toml beside authagent.toml, and its removal leaves all else as it was")
    func added() throws {
        try files.file("config/authagent/authagent.toml", "log_level = \"debug\"\n")
        let added = AddedSinks(paths, names: Self.names)
        let work = try #require(AccountName("work"))
        var first = SinkRequest(account: work)
        (first.path, first.what, first.variable, first.newline) = ("/run/t/one", .env, "T", true)
        first.onChange = ["/bin/true", "a \"quoted\" word"]
        try added.add(first)
        let text = try String(contentsOfFile: added.file, encoding: .utf8)
        var second = SinkRequest(account: work)
        (second.path, second.group, second.scopes) = ("/run/t/two", "prometheus", ["a"])
        try added.add(second)
        let sinks = try DaemonSettings.load(paths, names: Self.names).sinks.inForce
        #expect(sinks == (try added.load()).compactMap(\.usable))
        #expect(sinks.map(\.path) == ["/run/t/one", "/run/t/two"])
        #expect(sinks.first?.onChange == ConfiguredProgram("/bin/true", ["a \"quoted\" word"]))
        #expect(sinks.last?.mode == 0o640 && sinks.last?.source == added.file + ":11")
        #expect(throws: ConfigurationError.self) { try added.add(second) }
        #expect(try added.remove("/run/t/two"))
        #expect(try !added.remove("/run/t/two"))
        #expect(try String(contentsOfFile: added.file, encoding: .utf8) == text)
        #expect(
            try String(contentsOfFile: files.path + "/config/authagent/authagent.toml", encoding: .utf8)
                == "log_level = \"debug\"\n")
    }

    @Test("an entry of sinks.toml with an error is listed with it, the others are kept, and it can be removed")
    func broken() throws {
        let added = AddedSinks(paths, names: Self.names)
        let good = "[[sink]]\naccount = \"work\"\npath = \"/run/t/good\"\n"
        let entries = [
            "on_change = [\"/no/such/program\"]": "/no/such/program", "group = \"gone\"": "there is no group 'gone'",
            "mode = \"600\"": "is not a mode", "what = \"nonsense\"": "is not known",
            "extra = 1": "unknown key 'extra'",
            "path = \"/run/t/good\"": "has /run/t/good as well",
        ]
        for (line, problem) in entries {
            let path = line.hasPrefix("path") ? "" : "path = \"/run/t/bad\"\n"
            let bad = "\n[[sink]]\naccount = \"work\"\n\(path)\(line)\n\n"
            try files.file("config/authagent/sinks.toml", good + bad + good.replacing("good", with: "last"))
            let sinks = try DaemonSettings.load(paths, names: Self.names).sinks
            #expect(sinks.inForce.map(\.path) == ["/run/t/good", "/run/t/last"])
            let broken = try #require(sinks.broken.first)
            #expect(broken.error.problem.contains(problem), "\(broken.error.problem)")
            #expect(broken.error.line != nil && broken.source == added.file + ":5")
            var request = SinkRequest(account: broken.account)
            request.path = "/run/t/new"
            try added.add(request)
            #expect(try added.remove("/run/t/new"))
            #expect(try added.remove(broken.path) && added.remove("/run/t/last"))
            let rest = try added.load()
            #expect(rest.count == 1 && rest.allSatisfy { $0.usable != nil || line.hasPrefix("path") })
        }
        // What is not even an entry, and a new one with an error, are errors of the whole.
        for text in ["[[sink]]\npath = \"/run/t/x\"\n", "sink = 1\n", "[[sink]\n"] {
            try files.file("config/authagent/sinks.toml", text)
            #expect(throws: ConfigurationError.self) { try added.load() }
        }
        try files.file("config/authagent/sinks.toml", good)
        var wrong = SinkRequest(account: try #require(AccountName("work")))
        (wrong.path, wrong.group) = ("/run/t/new", "gone")
        #expect(throws: ConfigurationError.self) { try added.add(wrong) }
        #expect(try String(contentsOfFile: added.file, encoding: .utf8) == good)
    }

    @Test("a configured sink whose directory others can write to is refused with its line; a missing one is not")
    func places() throws {
        let place = try files.directory("place")
        let text = "\n[[sink]]\naccount = \"work\"\npath = \"\(place)/token\"\n"
        for (mode, isSafe) in [(0o700, true), (0o755, true), (0o777, false), (0o1777, false), (0o772, false)] {
            chmod(place, mode_t(mode))
            let sinks = try load(user: text).configured
            guard !isSafe else {
                try SinkPlace.requireSafe(sinks)
                continue
            }
            let error = #expect(throws: ConfigurationError.self) { try SinkPlace.requireSafe(sinks) }
            #expect(error?.description.contains("/authagent.toml:2: path: no token can be written") == true)
            #expect(error?.hint.contains("only you and root can write to") == true)
        }
        try SinkPlace.requireSafe(try load(user: text.replacing("/place/", with: "/none/")).configured)
    }

    @Test("a new sink where the agent may not write is refused; one in force, or without a directory, is not")
    func unreachable() throws {
        let place = TrustedFile.resolved(try files.directory("place"))
        let sinks = try load(user: "[[sink]]\naccount = \"work\"\npath = \"\(place)/token\"\n").configured
        let error = try #require(throws: ConfigurationError.self) {
            try SinkPlace.requireReachable(sinks, besides: []) { $0 != place }
        }
        #expect(error.description.contains("authagent.toml:1: path: the agent cannot write to \(place)/token before"))
        #expect(error.hint == "run 'authagent stop', and the next command starts an agent that can")
        try SinkPlace.requireReachable(sinks, besides: sinks) { _ in false }
        try SinkPlace.requireReachable(sinks, besides: []) { $0 == place }
        try FileManager.default.removeItem(atPath: place)
        try SinkPlace.requireReachable(sinks, besides: []) { _ in false }
    }

    @Test("the programs of a source are its hooks and its sinks' programs, in the order of the files")
    func programs() throws {
        let sink = "[[sink]]\naccount = \"work\"\non_change = [\"/bin/true\", \"x\"]\n"
        try files.file("config/authagent/authagent.toml", "on_confirm = [\"/bin/false\"]\n" + sink)
        #expect(
            try ProgramSource.settings.load(paths) == [
                ConfiguredProgram("/bin/false"), ConfiguredProgram("/bin/true", ["x"]),
            ])
        #expect(try ProgramSource.added.load(paths).isEmpty)
        try files.file("config/authagent/sinks.toml", sink + "[[sink]]\naccount = \"gone\"\non_change = [\"/no/x\"]\n")
        #expect(try ProgramSource.added.load(paths) == [ConfiguredProgram("/bin/true", ["x"])])
    }

    @Test("strict is demanded by either file, and a user's file does not take it back")
    func strict() throws {
        #expect(try !DaemonSettings.load(user: "").isStrict)
        #expect(try DaemonSettings.load(user: "strict = true\n").isStrict)
        #expect(try DaemonSettings.load(user: "strict = false\n", system: "strict = true\n").isStrict)
        #expect(throws: ConfigurationError.self) { try DaemonSettings.load(user: "strict = 1\n") }
    }
}
