import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `[[rule]]` in `authagent.toml`, with the real programs.
@Suite(.timeLimit(.minutes(5)))
struct RuleTests {
    private func rules(_ demo: DemoLogin, _ text: String) async throws -> ChildProcess.Result {
        try demo.home.files.file("config/authagent/authagent.toml", text)
        return try await demo.home.authagent("reload")
    }

    private func token(_ demo: DemoLogin, _ options: String...) async throws -> TokenReply {
        let result = try await demo.home.client(["token", "work", "--json"] + options).result()
        try #require(result.status == 0, "\(result.errors)\(demo.home.log)")
        return try APIJSON.decode(TokenReply.self, from: result.output.utf8)
    }

    private static func mine(_ more: String) -> String {
        "[[rule]]\naccounts = [\"work\"]\nuid = \(getuid())\n\(more)\n"
    }

    @Test("under a rule's scopes a request without scopes is narrowed, and one for others is refused")
    func scopes() async throws {
        let demo = try await DemoLogin(scopes: ["mail", "files"])
        try await demo.logIn()
        let own = try await token(demo)
        let bounded = Self.mine("allow = [\"token\"]\nscopes = [\"mail\", \"never-granted\"]")
        #expect(try await rules(demo, bounded).status == 0)

        let mail = try await token(demo)
        #expect(mail.scope == "mail")
        #expect(mail.accessToken != own.accessToken)
        let refresh = try #require(demo.issuer.log.last { $0.form["grant_type"] == "refresh_token" })
        #expect(refresh.form["scope"] == "mail", "scopes that the login does not have are not requested")
        let spent = demo.issuer.refreshCount
        #expect(try await token(demo).accessToken == mail.accessToken)
        #expect(demo.issuer.refreshCount == spent, "it is cached like any other")

        let files = try await demo.home.authagent("token", "work", "--scope", "mail", "--scope", "files")
        #expect(files.status == 5)
        #expect(files.errors.contains("with the scope 'files'"), "\(files.errors)")
        // A login would also exceed the bound.
        let login = try await demo.home.client(["login", "work", "--json"]).result()
        #expect(login.status == 5, "\(login.output)\(login.errors)")
        #expect(demo.issuer.refreshCount == spent)
    }

    @Test("under a rule's scopes a token is for the account's own target, or for one that the rule lists")
    func places() async throws {
        let demo = try await DemoLogin(scopes: ["mail", "files"])
        try await demo.logIn()
        #expect(try await rules(demo, Self.mine("allow = [\"token\"]\nscopes = [\"mail\"]")).status == 0)
        for (option, value) in [("--audience", "https://admin.example/"), ("--resource", "urn:a")] {
            let refused = try await demo.home.client(["token", "work", "--json", option, value]).result()
            #expect(refused.status == 5)
            #expect(refused.errors.contains("the rules do not allow tokens of 'work' for the "), "\(refused.errors)")
            #expect(refused.errors.contains(option == "--resource" ? "'resources'" : "'audiences'"))
        }
        #expect(demo.issuer.refreshCount == 0)
        let listed = Self.mine(
            "allow = [\"token\"]\nscopes = [\"mail\"]\nresources = [\"urn:a\"]\naudiences = [\"my api\"]")
        #expect(try await rules(demo, listed).status == 0)
        #expect(try await token(demo, "--audience", "my api", "--resource", "urn:a").scope == "mail")
        #expect(try await demo.home.authagent("token", "work", "--resource", "urn:A").status == 5)
        let check = try await demo.home.authagent("policy", "check", "--as-pid", "\(getpid())", "work")
        #expect(
            check.output.contains("for the account's own resources and audience, or 'urn:a', 'my api'"),
            "\(check.output)")
        let json = try await demo.home.authagent("policy", "check", "--as-pid", "\(getpid())", "work", "--json")
        let rule = try #require(try APIJSON.decode(PolicyReport.self, from: json.output.utf8).rules.first)
        #expect(rule.resources == ["urn:a"] && rule.audiences == ["my api"])
    }

    @Test("if the provider grants more than requested, nothing is served under a bound, and the login is kept")
    func disobedient() async throws {
        let demo = try await DemoLogin(scopes: ["mail", "files"])
        try await demo.logIn()
        #expect(try await rules(demo, Self.mine("allow = [\"token\"]\nscopes = [\"mail\"]")).status == 0)
        demo.issuer.enqueue(
            .token,
            .reply(
                status: 200,
                body: #"{"access_token":"too-much","token_type":"Bearer","expires_in":3600,"scope":"mail files"}"#))
        for _ in 0..<2 {
            let result = try await demo.home.authagent("token", "work")
            #expect(result.status == 5)
            #expect(result.errors.contains("with more scopes than the rules allow: 'files'"), "\(result.errors)")
            #expect(!result.output.contains("too-much"))
        }
        #expect(try await rules(demo, "").status == 0)
        #expect(try await token(demo).scope == "mail files")
    }

    @Test("the login's own token is served if it is within the bound; without a common scope nothing is")
    func ownToken() async throws {
        let demo = try await DemoLogin(scopes: ["mail"])
        try await demo.logIn()
        let own = try await token(demo)
        #expect(try await rules(demo, Self.mine("allow = [\"token\"]\nscopes = [\"mail\", \"files\"]")).status == 0)
        #expect(try await token(demo).accessToken == own.accessToken)
        #expect(try await rules(demo, Self.mine("allow = [\"token\"]\nscopes = [\"files\"]")).status == 0)
        let none = try await demo.home.authagent("token", "work")
        #expect(none.status == 1)
        #expect(none.errors.contains("has none of the scopes that the rules allow: 'files'"), "\(none.errors)")
        #expect(demo.issuer.refreshCount == 0)
    }

    @Test("a rate is counted per rule, and the time to retry is returned")
    func rate() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        #expect(try await rules(demo, Self.mine("allow = [\"token\"]\nmax_per_minute = 2")).status == 0)
        for _ in 0..<2 { #expect(try await demo.home.authagent("token", "work").status == 0) }
        let third = try await demo.home.authagent("token", "work")
        #expect(third.status == 1)
        #expect(third.errors.contains("hint: try again in "), "\(third.errors)")
    }

    @Test("a reload with an invalid rule changes nothing and names the line; SIGHUP repairs a lock-out")
    func reload() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let wrong = try await rules(demo, Self.mine("allow = [\"tokens\"]"))
        #expect(wrong.status == 1)
        #expect(wrong.errors.contains("authagent.toml:4: allow: 'tokens'"), "\(wrong.errors)")
        #expect(wrong.errors.contains("did you mean 'token'?"))
        #expect(try await demo.home.authagent("token", "work").status == 0)

        let lockedOut = "[[rule]]\naccounts = [\"*\"]\nuser = \"*\"\nallow = [\"status\"]\n"
        #expect(try await rules(demo, lockedOut).status == 0)
        #expect(try await demo.home.authagent("token", "work").status == 5)
        #expect(try await rules(demo, "").status == 5)
        kill(try #require(demo.home.daemonPID), SIGHUP)
        try await eventually { try await demo.home.authagent("token", "work").status == 0 }
    }

    @Test("if others could have moved the configuration away, a reload keeps the old one and says why")
    func movedAway() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let admin = "[[rule]]\naccounts = [\"*\"]\nuid = \(getuid())\nallow = [\"admin\"]\n"
        #expect(try await rules(demo, Self.mine("allow = []") + admin).status == 0)
        #expect(try await demo.home.authagent("token", "work").status == 5)
        // As a user with write access to the parent directory can do; afterwards with a file of another type.
        let config = demo.home.files.path + "/config"
        chmod(config, 0o777)
        try FileManager.default.moveItem(atPath: config + "/authagent", toPath: config + "/away")
        for isReplaced in [false, true] {
            if isReplaced { try demo.home.files.directory("config/authagent") }
            let reload = try await demo.home.authagent("reload")
            #expect(reload.status == 1, "\(reload.output)")
            #expect(reload.errors.contains("\(config): the directory is writable by others"), "\(reload.errors)")
            #expect(reload.errors.contains("authagent: hint: "), "\(reload.errors)")
            #expect(try await demo.home.authagent("token", "work").status == 5)
        }
        chmod(config, 0o700)
        #expect(try await demo.home.authagent("reload").status == 0)
    }

    @Test("policy check shows a real process, the deciding rule, why the others do not, and the decisions")
    func check() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let sleeper = try ChildProcess(
            "/bin/sleep", ["300"], environment: ChildProcess.programEnvironment, input: nil)
        defer { kill(sleeper.pid, SIGKILL) }
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(sleeper.pid)/exe")
        let text = """
            [[rule]]
            accounts = ["ci-*"]
            user = "*"
            allow = ["token"]

            [[rule]]
            accounts = ["work"]
            unit = "no-such-unit.service"
            allow = ["token"]

            [[rule]]
            accounts = ["work"]
            executable = "\(program)"
            executable_sha256 = "\(try await Self.digest(program))"
            allow = ["token", "status"]
            scopes = ["mail"]
            max_per_minute = 6

            """
        #expect(try await rules(demo, text).status == 0)
        let pid = "\(sleeper.pid)"
        let shown = try await demo.home.authagent("policy", "check", "--as-pid", pid, "work")
        #expect(shown.status == 0, "\(shown.errors)")
        let path = demo.home.files.path + "/config/authagent/authagent.toml"
        for line in [
            "process \(pid): uid \(getuid())", "  executable: \(program)",
            "rule 1 (\(path):1): does not match", "  no   accounts = ci-*, found work",
            "rule 2 (\(path):6): does not match", "  no   unit = no-such-unit.service",
            "rule 3 (\(path):11): decides", "  yes  executable = \(program)",
            "  allows token, status, with no more than 'mail', up to 6 times a minute",
            "token     allowed  by rule 3", "logout    refused  by rule 3", "admin     allowed  by default",
        ] {
            #expect(shown.lines.contains { $0.hasPrefix(line) }, "\(line)\n\(shown.output)")
        }
        let json = try await demo.home.authagent("policy", "check", "--as-pid", pid, "ghost", "--json")
        let report = try APIJSON.decode(PolicyReport.self, from: json.output.utf8)
        #expect(report.rule == nil)
        #expect(report.caller.executable == program)
        #expect(report.decisions.allSatisfy { $0.allowed })

        kill(sleeper.pid, SIGKILL)
        _ = await sleeper.result()
        let gone = try await demo.home.authagent("policy", "check", "--as-pid", pid, "work")
        #expect(gone.status == 1)
        #expect(gone.errors.contains("there is no process \(pid)"), "\(gone.errors)")
    }

    private static func digest(_ path: String) async throws -> String {
        let result = try await ChildProcess.run("/usr/bin/sha256sum", [path])
        return String(result.output.prefix(64))
    }

    @Test("policy test needs no agent: 0 if all expectations are met, else 1 with each failed line and reason")
    func expectations() async throws {
        let home = try AgentHome()
        try home.files.directory("config/authagent")
        try home.files.file(
            "config/authagent/authagent.toml",
            "[[rule]]\naccounts = [\"work\"]\nuser = \"nobody\"\nallow = [\"token\"]\nscopes = [\"mail\"]\n")
        let good = """
            [[expect]]
            user = "nobody"
            account = "work"
            permission = "token"
            result = "allow"
            rule = 1

            """
        let met = try await home.authagent("policy", "test", try home.files.file("good.toml", good, mode: 0o644))
        #expect(met.status == 0, "\(met.errors)")
        #expect(met.output == "1 of 1 met, with 1 rules\n")
        #expect(home.daemonPID == nil)

        let file = try home.files.file("bad.toml", good + good.replacing("token", with: "logout"), mode: 0o644)
        let unmet = try await home.authagent("policy", "test", file)
        #expect(unmet.status == 1)
        #expect(
            unmet.lines == [
                "\(file):7: expected allow by rule 1, got deny by rule 1",
                "  rule 1 (\(home.files.path)/config/authagent/authagent.toml:1) decides; it does not allow 'logout'",
                "1 of 2 met, with 1 rules",
            ])
        #expect(unmet.errors.contains("error: the rules do not meet the expectations: 1 of 2 met"), "\(unmet.errors)")
        let json = try await home.authagent("policy", "test", file, "--json")
        #expect(json.status == 1)
        #expect(try APIJSON.decode(PolicyTestReport.self, from: json.output.utf8).failures.map(\.line) == [7])

        let wrong = try await home.authagent("policy", "test", try home.files.file("no.toml", "[[expekt]]\n"))
        #expect(wrong.status == 1)
        #expect(wrong.errors.contains("no.toml:1: unknown key 'expekt'"), "\(wrong.errors)")
        #expect(wrong.errors.contains("did you mean 'expect'?"))
        let missing = try await home.authagent("policy", "test", "no-such-file")
        #expect(missing.status == 1)
        #expect(missing.errors.contains("there is no such file"), "\(missing.errors)")
    }
}
