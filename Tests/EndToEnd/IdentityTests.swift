import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// ID tokens with the real programs.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct IdentityTests {
    private func status(_ home: AgentHome) async throws -> AccountStatus? {
        let result = try await home.authagent("status", "work", "--json")
        return try APIJSON.decode(StatusReport.self, from: result.output.utf8).accounts.first
    }

    @Test("a real server's ID token is verified: login shows the subject, token --id-token prints it")
    func realServer() async throws {
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome()
        let login = try await home.login(
            "work",
            ["--issuer", glewlwyd.issuer, "--client-id", "tv", "--store", "memory"] + Glewlwyd.scopeOptions
        ) { try await glewlwyd.approve($0, client: "tv") }
        #expect(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        guard let line = login.lines.last, case .done(let done)? = try? APIJSON.decode(LoginEvent.self, from: line.utf8)
        else { return #expect(Bool(false), "\(login.output)") }
        let subject = try #require(done.subject, "\(home.log)")
        #expect(try await status(home)?.subject == subject)
        #expect(try await home.authagent("status").lines.contains("  subject: \(subject)"))

        let idToken = try await home.authagent("token", "work", "--id-token")
        #expect(idToken.status == 0, "\(idToken.errors)")
        #expect(idToken.lines.first?.split(separator: ".").count == 3)
        let json = try await home.authagent("token", "work", "--id-token", "--json")
        let reply = try APIJSON.decode(TokenReply.self, from: json.output.utf8)
        #expect(reply.idToken == idToken.lines.first)
        #expect(reply.accessToken != reply.idToken)
        #expect(try await !home.authagent("token", "work", "--json").output.contains("id_token"))
    }

    @Test("the ID token is served on request, and status has the user's name and email")
    func overTheSocket() async throws {
        let demo = try await DemoLogin(scopes: ["openid"])
        try await demo.logIn()
        let account = try #require(try await status(demo.home))
        #expect(account.subject == "ann")
        #expect(account.email == "ann@example.com")
        #expect(account.name == "Demo ann")
        let table = try await demo.home.authagent("status")
        #expect(table.lines.contains("  subject: ann, Demo ann <ann@example.com>"), "\(table.output)")
        let curl = try MissingProgram.require("curl", package: "curl")
        func get(_ query: String, _ accept: String) async throws -> ChildProcess.Result {
            try await ChildProcess.run(
                curl,
                [
                    "-sS", "--unix-socket", demo.home.socket, "-H", "Accept: \(accept)",
                    "http://localhost/v1/accounts/work/token\(query)",
                ])
        }
        let bare = try await get("?id_token=true", "text/plain")
        let reply = try APIJSON.decode(
            TokenReply.self, from: try await get("?id_token=true", "application/json").output.utf8)
        #expect(bare.lines == [try #require(reply.idToken)])
        #expect(try await get("?id_token=false", "text/plain").lines == [reply.accessToken])
        #expect(try await get("?id_token=1", "application/json").output.contains(#""code":"bad_request""#))
    }

    @Test("without an ID token --id-token exits with 1 and says how to get one")
    func noIDToken() async throws {
        let demo = try await DemoLogin(scopes: ["files"])
        try await demo.logIn()
        let result = try await demo.home.authagent("token", "work", "--id-token")
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("authagent: error: the provider has sent no ID token for 'work'\n"))
        #expect(result.errors.contains("--scope openid"))
        #expect(demo.issuer.refreshCount == 0)
        let usage = try await demo.home.authagent("token", "work", "--id-token", "--header")
        #expect(usage.status == 2)
    }

    @Test("O2: a renewal for another user is not served; status says why, and the login is kept")
    func changedSubject() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        configuration.rotation = .oneUse
        let demo = try await DemoLogin(configuration, scopes: ["openid"])
        try await demo.logIn()
        demo.issuer.changeSubject("eve")
        try await eventually("the quarantine does not come") {
            try await demo.home.authagent("token", "work").errors.contains("another subject")
        }
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        let account = try #require(try await status(demo.home))
        #expect(account.subject == "ann")
        #expect(account.state == .refused)
        demo.issuer.changeSubject("ann")
        try await eventually("the login is lost") { try await demo.home.authagent("token", "work").status == 0 }
    }

    @Test("expected_subject refuses another user's approval: nothing is stored, and the tokens are revoked")
    func expectedSubject() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.subject = "eve"
        let demo = try await DemoLogin(configuration, scopes: ["openid"])
        try demo.home.files.directory("config/authagent/accounts")
        try demo.home.files.file(
            "config/authagent/accounts/work.toml",
            """
            issuer = "\(demo.issuer.issuer)"
            client_id = "tv"
            scopes = ["openid"]
            store = "memory"
            expected_subject = "ann"
            """)
        let refused = try await demo.home.login("work") { demo.issuer.approve($0) }
        #expect(refused.status == 1)
        #expect(refused.output.contains(#""code":"wrong_subject""#), "\(refused.output)")
        #expect(refused.errors.contains("'eve'"))
        #expect(demo.issuer.liveRefreshTokens.isEmpty)
        #expect(try await demo.home.authagent("token", "work").status == 3)
        demo.issuer.changeSubject("ann")
        #expect(try await demo.home.login("work") { demo.issuer.approve($0) }.status == 0)
        #expect(try await status(demo.home)?.subject == "ann")
    }

    @Test("J2: after an issuer has rotated its key, ID tokens are verified with the new one")
    func keyRollover() async throws {
        let demo = try await DemoLogin(scopes: ["openid"])
        try await demo.logIn()
        demo.issuer.rollKey()
        try await demo.logIn()
        #expect(try await status(demo.home)?.subject == "ann")
        #expect(demo.issuer.log.count { $0.endpoint == .keys } == 2)
    }
}
