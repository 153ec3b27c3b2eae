import AgentAPI
import Configuration
import Foundation
import Policy
import TestSupport
import Testing

/// Hooks in `authagent.toml`, the key `confirm` of rules, and the file of announcements.
struct HookSettingsTests {
    private let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func hook(_ text: String) throws -> ConfiguredProgram? {
        try DaemonSettings.load(user: "on_refreshed = \(text)\n").hooks[.refreshed]
    }

    @Test("each occasion takes a program with its arguments; the user's file wins, and an empty list turns one off")
    func programs() throws {
        let keys = HookSettings.Occasion.allCases.map { "\($0.rawValue) = [\"/bin/true\", \"a b\", \"$(id)\"]\n" }
        let all = try DaemonSettings.load(user: keys.joined()).hooks
        for occasion in HookSettings.Occasion.allCases {
            #expect(all[occasion] == ConfiguredProgram("/bin/true", ["a b", "$(id)"]))
        }
        let system = "on_refreshed = [\"/bin/true\"]\non_confirm = [\"/bin/true\"]\n"
        let both = try DaemonSettings.load(
            user: "on_refreshed = []\non_login_prompt = [\"/bin/false\"]\n", system: system
        ).hooks
        #expect(both[.refreshed] == nil)
        #expect(both[.confirm] == ConfiguredProgram("/bin/true"))
        #expect(both[.loginPrompt] == ConfiguredProgram("/bin/false"))
    }

    @Test("a program that is missing, relative, not executable or others' to write is refused with its line")
    func refused() throws {
        let loose = try files.file("loose", "#!/bin/sh\n", mode: 0o777)
        let plain = try files.file("plain", "#!/bin/sh\n", mode: 0o600)
        for (value, problem) in [
            ("[\"notify-send\"]", "is not the absolute path"), ("[\"/bin/../bin/true\"]", "is not the absolute path"),
            ("[\"/no/such/program\"]", "there is no program /no/such/program"),
            ("[\"\(loose)\"]", "others may write to \(loose)"), ("[\"\(plain)\"]", "cannot be executed"),
            ("[\"/tmp\"]", "is not a program"), ("\"/bin/true\"", "wrong type"),
            ("[\"/bin/true\", \"\(String(repeating: "x", count: 20_000))\"]", "too long"),
        ] {
            let error = try #require(throws: ConfigurationError.self) { try hook(value) }
            #expect(error.problem.contains(problem), "\(error.problem)")
            #expect(error.line == 1 && error.problem.hasPrefix("on_refreshed: ") && !error.hint.isEmpty)
        }
    }

    @Test("'confirm' of a rule is 'first' or 'each'")
    func confirm() throws {
        func rule(_ confirm: String) throws -> AgentAPI.Confirmation? {
            try DaemonSettings.load(
                user: "[[rule]]\naccounts = [\"work\"]\nuser = \"*\"\nallow = [\"token\"]\n\(confirm)\n"
            ).rules.first?.confirm
        }
        #expect(try rule("") == nil)
        #expect(try rule("confirm = \"first\"") == .first)
        #expect(try rule("confirm = \"each\"") == .each)
        let error = try #require(throws: ConfigurationError.self) { try rule("confirm = \"always\"") }
        #expect(error.line == 5 && error.hint == "choose one of: first, each")
    }

    @Test("an expectation's 'confirm' is 'first', 'each' or 'never'")
    func expectation() throws {
        func load(_ confirm: String) throws -> PolicyExpectation? {
            try PolicyExpectationFile.load(
                try files.file(
                    "expect.toml",
                    "[[expect]]\nuid = 1\naccount = \"work\"\npermission = \"token\"\nresult = \"allow\"\n\(confirm)\n")
            ).expectations.first
        }
        #expect(try load("")?.confirm == .any)
        #expect(try load("confirm = \"each\"")?.confirm == .exactly(.each))
        #expect(try load("confirm = \"never\"")?.confirm == .exactly(nil))
        #expect(throws: ConfigurationError.self) { try load("confirm = \"no\"") }
    }

    @Test("announcements are read back; without a file, or with a broken one, there are none")
    func notices() throws {
        let file = NoticeFile(path: files.path + "/notices.json")
        #expect(file.load().isEmpty)
        try file.save(["work": 7])
        try files.file("notices.json.new", "left by a crash")
        try file.save(["work": 8, "mail": 9])
        #expect(file.load() == ["work": 8, "mail": 9])
        try files.file("notices.json", "{")
        #expect(file.load().isEmpty)
        let missing = NoticeFile(path: files.path + "/none/notices.json")
        #expect(throws: ConfigurationError.self) { try missing.save([:]) }
    }
}
