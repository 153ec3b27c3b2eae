import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Tokens that are derived from those of another account, with the real programs.
@Suite(.timeLimit(.minutes(5)))
struct DerivedTokenTests {
    /// Whether there is a token of the account in memory.
    private func hasToken(_ demo: DemoMachines, _ account: String) async throws -> Bool {
        try await demo.machines.status(account).expiresAt != nil
    }

    @Test("a chain of two: exchange, then jwt-bearer, each once; status shows grants and subjects")
    func chain() async throws {
        let demo = try await DemoMachines()
        try await demo.logInWithChain()
        let token = try await demo.machines.token("saas")
        #expect(token.scope == "read")
        #expect(try await demo.machines.token("saas").accessToken == token.accessToken)
        #expect(demo.issuer.count(.tokenExchange) == 1 && demo.issuer.count(.jwtBearer) == 1)
        let status = try await demo.home.authagent("status")
        #expect(status.output.contains("token_exchange") && status.output.contains("jwt_bearer"), "\(status.output)")
        #expect(status.output.contains("person") && status.output.contains("grant"))
    }

    @Test("logout of the subject empties the chain; a request is then exit code 3, subject_login_required")
    func logout() async throws {
        let demo = try await DemoMachines()
        try await demo.logInWithChain()
        let token = try await demo.machines.token("saas")
        #expect(try await demo.home.authagent("logout", "person").status == 0)
        for account in ["grant", "saas"] {
            #expect(try await !hasToken(demo, account), "\(account) has its token still")
            let result = try await demo.home.authagent("token", account)
            #expect(result.status == 3 && result.output.isEmpty, "\(account): \(result.errors)")
            #expect(result.errors.contains("authagent login person"), "\(result.errors)")
            let problem = try await demo.machines.problem(account)
            #expect(problem.code == .loginRequired && problem.reason == "subject_login_required", "\(problem)")
            #expect(problem.detail.contains("person"), "\(problem)")
        }
        let requests = demo.issuer.log.count
        _ = try await demo.home.authagent("token", "saas")
        #expect(demo.issuer.log.count == requests, "nothing is sent without a subject")

        try await demo.logIn()
        #expect(try await demo.machines.token("saas").accessToken != token.accessToken)
    }

    @Test("a new login of the subject drops the tokens that were derived from the old one")
    func newLogin() async throws {
        let demo = try await DemoMachines()
        try await demo.logInWithChain()
        let token = try await demo.machines.token("saas")
        try await demo.logIn()
        #expect(try await !hasToken(demo, "saas"))
        #expect(try await demo.machines.token("saas").accessToken != token.accessToken)
    }

    @Test("lock drops derived tokens and refuses new ones; after unlock they are requested again")
    func lock() async throws {
        let demo = try await DemoMachines()
        try await demo.logInWithChain()
        try demo.writeService()
        #expect(try await demo.home.authagent("reload").status == 0)
        let token = try await demo.machines.token("saas")
        _ = try await demo.machines.token("service")
        #expect(try await demo.home.authagent("lock").status == 0)
        for account in ["saas", "grant", "service"] {
            let result = try await demo.home.authagent("token", account)
            #expect(result.status == 7 && result.output.isEmpty, "\(account): \(result.errors)")
        }
        #expect(try await demo.home.authagent("unlock").status == 0)
        #expect(try await demo.machines.token("service").accessToken.isEmpty == false)
        // The login was in memory, and is gone with the lock.
        let result = try await demo.home.authagent("token", "saas")
        #expect(result.status == 3 || result.output != token.accessToken + "\n", "\(result.errors)")
    }

    @Test("200 requests at once for a derived token: one exchange, and at most one refresh of its subject")
    func storm() async throws {
        let demo = try await DemoMachines { $0.firstAccessTokenLifetime = 1 }
        try await demo.logIn()
        try demo.writeExchange("derived", of: "person")
        #expect(try await demo.home.authagent("reload").status == 0)
        try await eventually("the subject's token does not expire") {
            try await demo.machines.status("person").expiresAt.map { $0 + 1 < time(nil) } ?? true
        }
        let curl = try MissingProgram.require("curl", package: "curl")
        let list = (0..<200).map { _ in "url = \"http://localhost/v1/accounts/derived/token\"\noutput = \"/dev/null\"" }
        let result = try await ChildProcess.run(
            curl,
            [
                "-sS", "--fail", "--no-progress-meter", "--parallel", "--parallel-immediate", "--parallel-max", "200",
                "--unix-socket", demo.home.socket, "-w", "%{http_code}\n", "--config", "-",
            ], input: list.joined(separator: "\n") + "\n")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.lines.count == 200 && result.lines.allSatisfy { $0 == "200" }, "\(Set(result.lines))")
        #expect(demo.issuer.count(.tokenExchange) == 1)
        #expect(demo.issuer.refreshCount <= 1)
    }

    @Test("an actor is sent with its type, and its logout empties the account as well")
    func actor() async throws {
        let demo = try await DemoMachines { $0.machines?.hasWebTokens = true }
        try await demo.logIn()
        try demo.writeService("robot")
        try demo.writeExchange("derived", of: "person", "actor_account = \"robot\"")
        #expect(try await demo.home.authagent("reload").status == 0)
        _ = try await demo.machines.token("derived")
        let inspected = try await demo.home.authagent("inspect", "derived")
        #expect(inspected.output.contains("delegation: 'server' acts for 'ann'"), "\(inspected.output)")
        let form = try #require(demo.issuer.log.last { $0.form["subject_token"] != nil }?.form)
        #expect(form["actor_token_type"] == "urn:ietf:params:oauth:token-type:access_token")
        #expect(try await demo.home.authagent("logout", "robot").status == 0)
        #expect(try await !hasToken(demo, "derived"))
    }

    @Test("a subject that a reload removes: its accounts are refused with their file, and get no token any more")
    func removedSubject() async throws {
        let demo = try await DemoMachines()
        try demo.writeService()
        try demo.writeExchange("derived", of: "service")
        _ = try await demo.machines.token("derived")
        try demo.machines.remove("service")
        let reload = try await demo.home.authagent("reload")
        #expect(reload.status == 1, "\(reload.output)")
        #expect(reload.errors.contains("derived.toml") && reload.errors.contains("'service'"), "\(reload.errors)")
        // The old configuration stays until the files are right.
        #expect(try await demo.home.authagent("token", "derived").status == 0)
        await demo.home.killDaemon()
        let result = try await demo.home.authagent("token", "derived")
        #expect(result.status == 1 && result.output.isEmpty, "\(result.errors)")
        #expect(result.errors.contains("derived.toml") && result.errors.contains("'service'"), "\(result.errors)")
    }

    @Test(
        "accounts whose tokens would be made from themselves are refused with the way around",
        arguments: [["a": "a"], ["a": "b", "b": "a"], ["a": "b", "b": "c", "c": "a"]])
    func cycle(links: [String: String]) async throws {
        let demo = try await DemoMachines()
        for (account, subject) in links { try demo.writeExchange(account, of: subject) }
        for account in links.keys {
            let result = try await demo.home.authagent("token", account)
            #expect(result.status == 1, "\(result.errors)")
            #expect(result.errors.contains("made from itself"), "\(result.errors)")
        }
        #expect(demo.issuer.log.isEmpty)
    }

    @Test("what is not an access token is not offered as a header, and a service is not given it")
    func notAnAccessToken() async throws {
        let demo = try await DemoMachines()
        try await demo.logInWithChain()
        #expect(try await demo.machines.token("grant").tokenType == "N_A")
        let header = try await demo.home.authagent("token", "grant", "--header")
        #expect(header.status == 1 && header.output.isEmpty, "\(header)")
        let place = try demo.home.files.directory("run/place")
        let sink = try await demo.home.authagent(
            "sink", "add", "grant", "--path", place + "/header", "--what", "header")
        #expect(!FileManager.default.fileExists(atPath: place + "/header"), "\(sink)")
    }
}
