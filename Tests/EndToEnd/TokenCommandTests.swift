import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent token`, `status` and `logout`: the interface for scripts.
@Suite(.timeLimit(.minutes(5)))
struct TokenCommandTests {
    @Test("token prints the bare token, a header line, or the socket's whole reply")
    func formats() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let bare = try await demo.home.authagent("token", "work")
        #expect(bare.lines.count == 1)
        let token = try #require(bare.lines.first)
        #expect(try await demo.home.authagent("token", "work", "--header").lines == ["Authorization: Bearer \(token)"])
        let json = try await demo.home.authagent("token", "work", "--json")
        let reply = try APIJSON.decode(TokenReply.self, from: json.output.utf8)
        #expect(reply.accessToken == token)
        #expect(reply.tokenType == "Bearer")
        #expect(reply.account.description == "work")
        #expect((3500...3600).contains(reply.expiresIn ?? 0))
        #expect(!json.output.contains("refresh_token"))
        let curl = try MissingProgram.require("curl", package: "curl")
        let url = "http://localhost/v1/accounts/work/token"
        let raw = try await ChildProcess.run(
            curl, ["-sS", "--unix-socket", demo.home.socket, "-H", "Accept: text/plain", url])
        #expect(raw.lines == [token])
    }

    @Test("if min-valid exceeds the provider's lifetimes, the token is served with a note, without a refresh")
    func tooLong() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        for _ in 0..<3 {
            let result = try await demo.home.authagent("token", "work", "--min-valid", "80000")
            #expect(result.status == 0)
            #expect(result.errors.contains("authagent: note: the lifetime of the provider's tokens is below the"))
        }
        #expect(demo.issuer.refreshCount == 0)
    }

    @Test("without a login, token exits with 3 at once, starts no login, and names the command")
    func loginRequired() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try await demo.home.authagent("logout", "work")
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 3)
        #expect(result.output.isEmpty)
        #expect(result.errors == "authagent: error: no login for 'work'\nauthagent: hint: run 'authagent login work'\n")
        #expect(demo.issuer.log.count { $0.endpoint == .device } == 1)
    }

    @Test(
        "while the provider is down a valid token is served; an expired one is exit code 6, the login is kept")
    func outage() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.accessTokenLifetime = 2
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        demo.issuer.always(.token, .reply(status: 503, body: ""))
        try await eventually("the token does not expire") {
            try await demo.home.authagent("token", "work", "--min-valid", "0").status != 0
        }
        let result = try await demo.home.authagent("token", "work")
        #expect(result.status == 6, "\(result.errors)")
        let status = try await demo.home.authagent("status", "work", "--json")
        let report = try APIJSON.decode(StatusReport.self, from: status.output.utf8)
        #expect(report.accounts.first?.state == .offline)
        #expect(report.accounts.first?.lastError?.contains("503") == true)
        demo.issuer.always(.token, nil)
        try await eventually("it does not come back") { try await demo.home.authagent("token", "work").status == 0 }
    }

    @Test("logout reports each step; --all logs out every account; --local sends nothing to the provider")
    func logout() async throws {
        let demo = try await DemoLogin()
        for name in ["one", "two", "three"] { try await demo.logIn(name) }
        let local = try await demo.home.authagent("logout", "one", "--local", "--json")
        #expect(
            local.lines == [
                #"{"account":"one","forgotten":true,"reason":"only forgotten on this machine, as asked","#
                    + #""revoked":false}"#
            ])
        #expect(demo.issuer.log.allSatisfy { $0.endpoint != .revocation })
        #expect(demo.issuer.liveRefreshTokens.count == 3)
        let two = try await demo.home.authagent("logout", "two", "--json")
        #expect(two.lines == [#"{"account":"two","forgotten":true,"revoked":true}"#])
        let all = try await demo.home.authagent("logout", "--all")
        #expect(all.status == 0)
        #expect(all.lines.contains("three: forgotten, revoked at the provider"), "\(all.output)")
        #expect(demo.issuer.liveRefreshTokens.count == 1)
    }

    @Test("providers lists the presets with their parameters, as text and as JSON")
    func providers() async throws {
        let home = try AgentHome()
        let text = try await home.authagent("providers")
        #expect(text.output.contains("Keycloak: --provider keycloak --host HOST --realm REALM\n"), "\(text.output)")
        let json = try await home.authagent("providers", "--json")
        let list = try APIJSON.decode(ProviderList.self, from: json.output.utf8)
        #expect(list.providers.contains { $0.name == "google" && $0.clientSecret == "required" })
        #expect(home.daemonPID == nil, "static data needs no agent")
    }

    @Test("providers NAME shows endpoints and request settings, and every name under 'not confirmed'")
    func oneProvider() async throws {
        let home = try AgentHome()
        let twitch = try await home.authagent("providers", "twitch").output
        #expect(twitch.contains("  device_endpoint: https://id.twitch.tv/oauth2/device\n"), "\(twitch)")
        #expect(twitch.contains("  scope_parameter: scopes\n"))
        #expect(twitch.contains("  metadata: no\n"))
        #expect(try await home.authagent("providers", "google").output.contains("client_auth: client_secret_post\n"))
        #expect(try await home.authagent("providers", "bmw").output.contains("  pkce: true\n"))
        for name in ["descope", "egi", "zitadel"] {
            let lines = try await home.authagent("providers", name).lines
            let unconfirmed = try #require(lines.last { $0.hasPrefix("  not confirmed: ") })
            for word in unconfirmed.dropFirst("  not confirmed: ".count).split(separator: ", ") {
                #expect(lines.contains { $0.hasPrefix("  \(word): ") }, "\(word)")
            }
        }
        let json = try await home.authagent("providers", "aws", "--json").output
        let list = try APIJSON.decode(ProviderList.self, from: json.utf8)
        #expect(list.providers.map(\.name) == ["aws"])
        #expect(list.providers.first?.requests.encoding == "aws_json")
        let unknown = try await home.authagent("providers", "gogle")
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("hint: run 'authagent providers'"))
        #expect(home.daemonPID == nil)

        // A directory with only the client and the socket.
        let client = home.files.path + "/authagent"
        // Copied by another process: a child of this one could inherit the file open for writing (ETXTBSY).
        _ = try await ChildProcess.run("/bin/cp", [try BuildProducts.path("authagent"), client])
        let alone = try ChildProcess(client, ["providers"], environment: home.environment, input: nil)
        #expect(await alone.result().errors.contains("authagentd is not installed"))
        try #require(try await home.authagent("start").status == 0)
        let asking = try ChildProcess(client, ["providers", "twitch"], environment: home.environment, input: nil)
        #expect(await asking.result().output == twitch)
    }

    @Test("status --json has the documented members of the agent and the accounts")
    func status() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let result = try await demo.home.authagent("status", "--json")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let agent = try #require(report["agent"] as? [String: Any])
        #expect(agent["version"] as? String == agentVersion)
        #expect(agent["pid"] as? Int == demo.home.daemonPID.map { Int($0) })
        #expect(agent["socket"] as? String == demo.home.socket)
        #expect(agent["store_state"] as? String == "no_bus")
        let account = try #require((report["accounts"] as? [[String: Any]])?.first)
        #expect(account["account"] as? String == "work")
        #expect(account["state"] as? String == "ok")
        #expect(account["issuer"] as? String == demo.issuer.issuer)
        #expect(account["scope"] as? String == "")
        #expect(account["store"] as? String == "memory")
        #expect(account["expires_at"] is Int)
        let table = try await demo.home.authagent("status")
        #expect(table.lines.contains { $0.hasPrefix("work") && $0.contains("ok") }, "\(table.output)")
    }
}
