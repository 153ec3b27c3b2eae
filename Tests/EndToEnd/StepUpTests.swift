import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A service's demand for another authentication, from its challenge to the token that satisfies it.
@Suite(.timeLimit(.minutes(5)))
struct StepUpTests {
    private static let challenge =
        #"Bearer error="insufficient_user_authentication", acr_values="phr it's", max_age=300"#

    /// Logged in with the issuer's first level, for the scope openid.
    private func loggedIn(_ change: (inout DemoIssuer.AuthenticationRules) -> Void = { _ in }) async throws -> DemoLogin
    {
        var configuration = DemoIssuer.Configuration()
        configuration.authentication = DemoIssuer.AuthenticationRules()
        configuration.authentication.levels = ["pwd", "phr"]
        change(&configuration.authentication)
        let demo = try await DemoLogin(configuration, scopes: ["openid", "mail"])
        try await demo.logIn()
        return demo
    }

    private func report(_ demo: DemoLogin, _ report: TokenRejection) async throws -> TokenRejectionReply {
        let curl = try MissingProgram.require("curl", package: "curl")
        let result = try await ChildProcess.run(
            curl,
            [
                "-sS", "--unix-socket", demo.home.socket, "--json", APIJSON.text(fixed: report),
                "http://localhost/v1/accounts/work/token/rejected",
            ])
        return try APIJSON.decode(TokenRejectionReply.self, from: result.output.utf8)
    }

    /// Has a shell run a command as a person pastes it, and approves the code.
    private func run(_ command: String, _ demo: DemoLogin) async throws -> ChildProcess.Result {
        var environment = demo.home.environment
        let programs = (try demo.home.program("authagent") as NSString).deletingLastPathComponent
        environment["PATH"] = "\(programs):\(environment["PATH"] ?? "/usr/bin:/bin")"
        let login = try ChildProcess("/bin/sh", ["-c", "exec \(command) --json"], environment: environment)
        guard let prompt = await demo.home.prompt(of: login) else { return await login.result() }
        demo.issuer.approve(try #require(prompt.userCode))
        return await login.result()
    }

    private func reply(_ demo: DemoLogin, _ options: String...) async throws -> TokenReply {
        let result = try await demo.home.authagent(["token", "work", "--json"] + options)
        try #require(result.status == 0, "\(result.errors)")
        return try APIJSON.decode(TokenReply.self, from: result.output.utf8)
    }

    private func status(_ demo: DemoLogin) async throws -> AccountStatus? {
        let result = try await demo.home.authagent("status", "work", "--json")
        return try APIJSON.decode(StatusReport.self, from: result.output.utf8).accounts.first
    }

    @Test("the command of a challenge gives a login beside the account's, whose token is served by its context")
    func elevated() async throws {
        let demo = try await loggedIn()
        let base = try await reply(demo)
        let demanded = try await report(demo, TokenRejection(wwwAuthenticate: Self.challenge))
        #expect(demanded.result == .stepUp)
        #expect(demo.issuer.refreshCount == 0)
        let login = try await run(try #require(demanded.command), demo)
        #expect(login.status == 0, "\(login.output)\(login.errors)")
        guard let line = login.lines.last, case .done(let done)? = try? APIJSON.decode(LoginEvent.self, from: line.utf8)
        else { return #expect(Bool(false), "\(login.output)") }
        #expect(done.elevated == true && done.acr == "phr" && done.authTime != nil)

        let named = try await report(demo, TokenRejection(wwwAuthenticate: Self.challenge))
        #expect(named.result == .kept && named.acr == "phr")
        let elevated = try await reply(demo, "--acr", "phr")
        #expect(elevated.acr == "phr" && elevated.accessToken != base.accessToken)
        #expect(try await reply(demo).accessToken == base.accessToken)
        #expect(try await status(demo)?.elevated?.map(\.acr) == ["phr"])
        // A logout ends it at the provider, too.
        let logout = try await demo.home.authagent("logout", "work")
        #expect(logout.status == 0, "\(logout.errors)")
        let after = try await demo.home.authagent("token", "work", "--acr", "phr")
        #expect(after.status == 3, "\(after.output)")
        #expect(after.errors.contains("authagent login work --acr phr --elevate"), "\(after.errors)")
    }

    @Test("a provider that ignores the demand fails the login with step_up_unmet, and the first login goes on")
    func ignored() async throws {
        let demo = try await loggedIn { ($0.ignoresRequests, $0.sessionAge) = (true, 900) }
        let base = try await reply(demo)
        for (command, reason) in [
            ("authagent login work --acr phr --elevate", "'pwd'"), ("authagent login work --max-age 300", "s ago"),
        ] {
            let login = try await run(command, demo)
            #expect(login.status == 1, "\(login.output)")
            guard let line = login.lines.last,
                case .failed(let failure)? = try? APIJSON.decode(LoginEvent.self, from: line.utf8)
            else { return #expect(Bool(false), "\(login.output)") }
            #expect(failure.code == "step_up_unmet" && failure.detail.contains(reason), "\(failure)")
        }
        #expect(try await reply(demo).accessToken == base.accessToken)
        #expect(try await status(demo)?.elevated == nil)
        #expect(try await demo.home.authagent("token", "work", "--renew").status == 0)
    }

    @Test("a demand for a younger authentication alone renews the account's login itself")
    func younger() async throws {
        let demo = try await loggedIn { $0.sessionAge = 900 }
        let old = try await reply(demo)
        let challenge = #"Bearer error="insufficient_user_authentication", max_age=300"#
        let digest = tokenDigest(old.accessToken).map { String(format: "%02x", $0) }.joined()
        let refused = TokenRejection(tokenSHA256: digest, wwwAuthenticate: challenge)
        let demanded = try await report(demo, refused)
        #expect(demanded.command == "authagent login work --max-age 300")
        #expect(try await run(try #require(demanded.command), demo).status == 0)
        let kept = try await report(demo, refused)
        #expect(kept.result == .kept && kept.reason == "another_token")
        #expect(try await reply(demo).accessToken != old.accessToken)
    }

    @Test("nothing of an elevated login is on the disk, and a lock drops it; the account's login goes on")
    func locked() async throws {
        let demo = try await loggedIn()
        #expect(try await run("authagent login work --acr phr --elevate", demo).status == 0)
        #expect(try await reply(demo, "--acr", "phr").acr == "phr")
        let secret = try await reply(demo, "--acr", "phr").accessToken
        let found = try await ChildProcess.run("/bin/grep", ["-r", "-l", secret, demo.home.files.path])
        #expect(found.output.isEmpty, "\(found.output)")
        #expect(try await demo.home.authagent("lock").status == 0)
        #expect(try await demo.home.authagent("unlock").status == 0)
        #expect(try await demo.home.authagent("token", "work", "--acr", "phr").status == 3)
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }
}
