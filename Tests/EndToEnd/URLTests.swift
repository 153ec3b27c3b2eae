import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Accounts that are found by a URL, with the real programs.
@Suite(.timeLimit(.minutes(5)))
struct URLTests {
    private func add(_ demo: DemoLogin, _ account: String, _ lines: String) throws {
        let path = "\(demo.home.accountFiles)/\(account).toml"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try demo.home.files.file("config/authagent/accounts/\(account).toml", text + lines)
    }

    /// Sends a request to the socket; returns the status and the body.
    private func get(_ demo: DemoLogin, _ target: String, _ options: String...) async throws -> (Int, String) {
        let curl = try MissingProgram.require("curl", package: "curl")
        let reply = try await ChildProcess.run(
            curl,
            ["-s", "-w", "\n%{http_code}", "--unix-socket", demo.home.socket] + options + ["http://localhost\(target)"])
        let lines = reply.output.split(separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    @Test("a program that knows only the URL gets the account's token, and authagent url says why")
    func token() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try add(demo, "work", "urls = [\"https://Git.example.com/team/\"]\ngit_username = \"oauth2\"\n")
        #expect(try await demo.home.authagent("reload").status == 0)
        let own = try await demo.home.authagent("token", "work")
        let (status, body) = try await get(demo, "/v1/token?url=https://git.example.com/team/x%3Fq&username=oauth2")
        let reply = try APIJSON.decode(TokenReply.self, from: body.utf8)
        #expect(status == 200 && reply.accessToken + "\n" == own.output && reply.gitUsername == "oauth2")
        let text = try await get(demo, "/v1/token?url=https://git.example.com/team", "-H", "Accept: text/plain")
        #expect(text == (200, own.output))

        let shown = try await demo.home.authagent("url", "https://git.example.com/team/x")
        #expect(shown.status == 0 && shown.errors.isEmpty)
        #expect(shown.output.hasPrefix("work\n  url: https://git.example.com/team/\n  file: "), "\(shown.output)")
        let json = try await demo.home.authagent("url", "https://git.example.com/team", "--json")
        let found = try APIJSON.decode(URLReply.self, from: json.output.utf8)
        #expect(found.file == "\(demo.home.accountFiles)/work.toml" && found.account.description == "work")

        let none = try await demo.home.authagent("url", "https://git.example.com/teams")
        #expect(none.status == 1 && none.output.isEmpty && none.errors.contains("hint: "), "\(none.errors)")
        let named = try await demo.home.authagent("url", "https://git.example.com/team", "--username", "me")
        #expect(named.output.contains("whatever the user name"), "\(named.errors)")
        let bad = try await demo.home.authagent("url", "https://git.example.com/team/../x")
        #expect(bad.status == 1 && bad.errors.contains("its path contains '.' or '..'"), "\(bad.errors)")
        #expect(bad.errors.contains("hint: write out the path that is meant"), "\(bad.errors)")
        let encoded = try await demo.home.authagent("url", "https://git.example.com/team%2Fx")
        #expect(encoded.status == 1 && encoded.errors.contains("'%2F'"), "\(encoded.errors)")
        let long = try await demo.home.authagent(
            "url", "https://git.example.com/" + String(repeating: "x", count: 100_000))
        #expect(
            long.status == 2 && long.errors.contains("the URL is longer than 4096 bytes"), "\(long.errors.prefix(300))")
        let listed = try await demo.home.authagent("status", "--json")
        #expect(listed.output.contains("\"urls\":[\"https://git.example.com/team/\"]"))
        // A later login keeps the keys.
        try await demo.logIn()
        #expect(try await demo.home.authagent("url", "https://git.example.com/team").status == 0)
    }

    @Test("a bad URL in a file is refused with its line", arguments: ["http://h.example/", "https://h.example/a/../b"])
    func badFile(url: String) async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try add(demo, "bad", "issuer = \"https://i.example\"\nclient_id = \"x\"\nurls = [\"\(url)\"]\n")
        let reload = try await demo.home.authagent("reload")
        #expect(reload.status == 1)
        #expect(reload.errors.contains("/bad.toml:3: urls: '\(url)' is not usable: "), "\(reload.errors)")
        #expect(
            reload.errors.contains(url.hasPrefix("http:") ? "hint: give an https URL" : "hint: write out the path"),
            "\(reload.errors)")
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    @Test("a conflict refuses a reload with both files; a later start serves both by name and neither by URL")
    func conflict() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try await demo.logIn("other")
        try add(demo, "work", "urls = [\"https://h.example/\"]\n")
        #expect(try await demo.home.authagent("reload").status == 0)
        try add(demo, "other", "urls = [\"https://h.example\"]\n")
        let refused = try await demo.home.authagent("reload")
        #expect(refused.status == 1)
        for name in ["work", "other"] {
            #expect(refused.errors.contains("/accounts/\(name).toml"), "\(refused.errors)")
        }
        #expect(try await demo.home.authagent("url", "https://h.example/x").status == 0, "the old map stays")

        #expect(try await demo.home.authagent("stop").status == 0)
        for name in ["work", "other"] {
            let status = try await demo.home.authagent("status", name)
            #expect(status.output.contains("https://h.example/ is in "), "\(status.output)")
            #expect(status.output.contains("no login for '\(name)'"), "\(status.output)")
            for hint in ["run 'authagent login \(name)'", "; give each of the two a git_username"] {
                #expect(status.output.contains(hint), "\(status.output)")
            }
            // Their logins were in memory: served by name, which is the error of a login.
            #expect(try await demo.home.authagent("token", name).status == 3)
        }
        let url = try await demo.home.authagent("url", "https://h.example/x")
        #expect(url.status == 1)
        for name in ["work", "other"] { #expect(url.errors.contains("/accounts/\(name).toml"), "\(url.errors)") }
        let (status, body) = try await get(demo, "/v1/token?url=https://h.example/x")
        #expect(status == 404 && body.contains("\"no_account_for_url\""))
        #expect(body.contains("\"url_conflict\""))
        #expect(demo.home.log.contains("an account is not found by URL"))
        // A prompt of git would get a password for a host that has an account.
        let git = try await demo.home.client(["helper", "git", "get"], input: "protocol=https\nhost=h.example\n")
            .result()
        #expect(git.output == "quit=1\n" && git.errors.contains("https://h.example/ is in "), "\(git)")
        let docker = try await demo.home.client(["helper", "docker", "get"], input: "h.example").result()
        #expect(docker.status == 1 && docker.output.contains("https://h.example/ is in "), "\(docker)")
        let report = try await demo.home.doctor()
        #expect(report.problems.filter { $0.id == .accountFile }.map(\.account?.description) == ["other", "work"])
    }

    @Test("accounts with different user names share a prefix, and the name is needed")
    func shared() async throws {
        let demo = try await DemoLogin()
        for name in ["one", "two"] {
            try await demo.logIn(name)
            try add(demo, name, "urls = [\"https://h.example/\"]\ngit_username = \"\(name)\"\n")
        }
        #expect(try await demo.home.authagent("reload").status == 0)
        let ambiguous = try await demo.home.authagent("url", "https://h.example/x")
        #expect(ambiguous.status == 1)
        for name in ["one", "two"] { #expect(ambiguous.errors.contains("'\(name)'"), "\(ambiguous.errors)") }
        for name in ["one", "two"] {
            let token = try await demo.home.authagent("token", name)
            let (status, body) = try await get(
                demo, "/v1/token?url=https://h.example/x&username=\(name)", "-H", "Accept: text/plain")
            #expect(status == 200 && body == token.output)
        }
        #expect(try await get(demo, "/v1/token?url=https://h.example/x").0 == 409)
    }

    @Test("another user gets by URL what a rule gives, and nothing else; each refusal is in the audit file")
    func otherUser() async throws {
        let system = try await SystemAgent()
        try system.configure(
            "[[rule]]\naccounts = [\"work\"]\nuid = \(SystemAgent.backup)\nallow = [\"token\"]\n"
                + "[[rule]]\naccounts = [\"none\"]\nuid = \(SystemAgent.guest)\nallow = [\"token\"]\n")
        let issuer = try await DemoIssuer.start(DemoIssuer.Configuration())
        let daemon = try await system.serve()
        try await system.logIn("work", issuer)
        let path = system.path + "/config/authagent/accounts/work.toml"
        let text = try String(contentsOfFile: path, encoding: .utf8) + "urls = [\"https://h.example/\"]\n"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        #expect(try await system.client(0, "reload").status == 0)

        let given = try await system.client(SystemAgent.backup, "url", "https://h.example/x", "--json")
        #expect(given.status == 0 && given.output.contains("\"work\"") && !given.output.contains("toml"), "\(given)")
        let hidden = try await system.client(SystemAgent.guest, "url", "https://h.example/x")
        let unmapped = try await system.client(SystemAgent.guest, "url", "https://n.example/x")
        #expect(hidden.status == 1 && hidden.output.isEmpty)
        #expect(hidden.errors == unmapped.errors.replacing("n.example", with: "h.example"), "\(hidden.errors)")
        #expect(!hidden.errors.contains("work"))
        let guest = Int(SystemAgent.guest)
        await eventually { system.audit.count { $0["uid"] as? Int == guest } >= 2 }
        let lines = system.audit.filter { $0["uid"] as? Int == guest }
        #expect(lines.map { $0["decision"] as? String } == ["refused", "allowed"])
        #expect(lines.map { $0["account"] as? String } == ["work", nil])
        #expect(lines.last?["result"] as? String == "no_account_for_url")
        #expect(daemon.isRunning)
    }
}
