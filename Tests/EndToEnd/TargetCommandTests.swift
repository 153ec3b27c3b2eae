import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent token` with `--scope`, `--resource` and `--audience`.
@Suite(.timeLimit(.minutes(5)))
struct TargetCommandTests {
    private func reply(_ demo: DemoLogin, _ options: String...) async throws -> TokenReply {
        let result = try await demo.home.client(["token", "work", "--json"] + options).result()
        try #require(result.status == 0, "\(result.errors)\(demo.home.log)")
        return try APIJSON.decode(TokenReply.self, from: result.output.utf8)
    }

    @Test("a token with fewer scopes, or for certain resources, is kept beside the login's own")
    func narrower() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        let demo = try await DemoLogin(configuration, scopes: ["mail", "files"])
        try await demo.logIn()
        let own = try await reply(demo)
        let mail = try await reply(demo, "--scope", "mail")
        #expect(mail.scope == "mail")
        #expect(mail.accessToken != own.accessToken)
        let api = try await reply(
            demo, "--resource", "https://a.example/?x=1&y=%20", "--resource", "urn:b", "--audience", "my api")
        #expect(Set(api.scope.split(separator: " ")) == ["mail", "files"])
        let refresh = try #require(demo.issuer.log.last { $0.form["grant_type"] == "refresh_token" })
        #expect(refresh.resources == ["https://a.example/?x=1&y=%20", "urn:b"])
        #expect(refresh.form["audience"] == "my api")
        #expect(refresh.form["scope"] == nil)

        #expect(try await reply(demo, "--scope", "mail").accessToken == mail.accessToken)
        #expect(try await reply(demo).accessToken == own.accessToken)
        #expect(demo.issuer.refreshCount == 2)
        let header = try await demo.home.authagent("token", "work", "--header", "--scope", "mail")
        #expect(header.lines == ["Authorization: Bearer \(mail.accessToken)"])
        let curl = try MissingProgram.require("curl", package: "curl")
        let raw = try await ChildProcess.run(
            curl,
            [
                "-sS", "--unix-socket", demo.home.socket, "-H", "Accept: text/plain",
                "http://localhost/v1/accounts/work/token?scope=mail",
            ])
        #expect(raw.lines == [mail.accessToken])
    }

    @Test("login --audience and --resource set the targets of the login's tokens")
    func atLogin() async throws {
        let demo = try await DemoLogin()
        let options = demo.options + ["--audience", "my api", "--resource", "urn:a", "--resource", "urn:b"]
        let result = try await demo.home.login("work", options) { demo.issuer.approve($0) }
        try #require(result.status == 0, "\(result.errors)\(demo.home.log)")
        let request = try #require(demo.issuer.log.first { $0.endpoint == .device })
        #expect(request.form["audience"] == "my api")
        #expect(request.resources == ["urn:a", "urn:b"])
    }

    @Test("20 programs that request different tokens at once use each one-time refresh token once")
    func manyAtOnce() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        let demo = try await DemoLogin(configuration, scopes: ["mail", "files"])
        try await demo.logIn()
        let choices = [["--scope", "mail"], ["--scope", "files"], ["--audience", "x"], ["--min-valid", "3599"]]
        let statuses = try await withThrowingTaskGroup(of: Int32.self) { group in
            for index in 0..<20 {
                let client = try demo.home.client(["token", "work"] + choices[index % choices.count])
                group.addTask { await client.result().status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.allSatisfy { $0 == 0 }, "\(demo.home.log)")
        #expect(demo.issuer.liveRefreshTokens.count == 1, "no dead refresh token was used")
    }

    @Test("a wider scope and an unknown resource are refused with a reason, and the login is kept")
    func refused() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.unknownResources = ["urn:nobody"]
        let demo = try await DemoLogin(configuration, scopes: ["mail"])
        try await demo.logIn()
        let wider = try await demo.home.authagent("token", "work", "--scope", "admin")
        #expect(wider.status == 1)
        #expect(
            wider.errors
                == "authagent: error: the provider of 'work' does not grant the scope 'admin': invalid_scope; "
                + "the login has 'mail'\n"
                + "authagent: hint: run 'authagent login work --scope admin', with the other scopes that are needed\n")
        let resource = try await demo.home.authagent("token", "work", "--resource", "urn:nobody")
        #expect(resource.status == 1)
        #expect(resource.errors.contains("no token for that resource or audience: invalid_target"))
        let status = try await demo.home.authagent("status", "--json")
        let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
        #expect(report.accounts.first?.state == .ok)
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    @Test(
        "an invalid scope, resource or audience is a usage error, before an agent is needed",
        arguments: [
            ["--scope", "a b"], ["--scope", ""], ["--resource", "api"], ["--resource", "https://h/#f"],
            ["--audience", ""], ["--audience", "ä"],
        ])
    func usage(options: [String]) async throws {
        let home = try AgentHome()
        let result = try await home.client(["token", "work"] + options).result()
        #expect(result.status == 2)
        #expect(result.errors.contains(options[0]), "\(result.errors)")
        #expect(home.daemonPID == nil)
    }

    @Test("status shows when the login ends, and shortly before that the command to run")
    func endOfLogin() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.refreshTokenLifetime = 90 * 86_400
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        let table = try await demo.home.authagent("status")
        // One second may have passed.
        let lines = [89, 90].map { "  the login expires in \($0) d" }
        #expect(table.lines.contains { lines.contains($0) }, "\(table.output)")
        #expect(!table.output.contains("run 'authagent login work'"))
    }
}
