import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The real programs against AWS IAM Identity Center's API, on loopback.
@Suite(.timeLimit(.minutes(5)))
struct AWSTests {
    private func issuer(
        _ change: (inout DemoIssuer.Configuration) -> Void = { _ in }
    ) async throws -> DemoIssuer {
        var configuration = DemoIssuer.Configuration()
        configuration.aws = DemoIssuer.AWSRules()
        configuration.rotation = .oneUse
        change(&configuration)
        return try await DemoIssuer.start(configuration)
    }

    private func options(_ issuer: DemoIssuer, store: String = "memory") -> [String] {
        [
            "--provider", "aws", "--region", "eu-west-1", "--start-url", DemoIssuer.AWSRules().startURL,
            "--device-endpoint", issuer.issuer + "/device_authorization", "--token-endpoint", issuer.issuer + "/token",
            "--registration-endpoint", issuer.issuer + "/client/register",
            "--revocation-endpoint", issuer.issuer + "/logout", "--store", store,
        ]
    }

    @Test("register, login, token, refresh with rotation, restart, logout, login again: one client, no secret shown")
    func wholeLife() async throws {
        let issuer = try await issuer { $0.firstAccessTokenLifetime = 1 }
        let home = try AgentHome(keyring: try await PrivateKeyring())
        let login = try await home.login("work", options(issuer, store: "keyring")) { issuer.approve($0) }
        #expect(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        let secret = try #require(issuer.registeredClients.first?.value.secret)
        try await eventually("the token is not renewed") {
            let token = try await home.authagent("token", "work")
            #expect(token.status == 0, "\(token.errors)\(home.log)")
            return issuer.refreshCount == 1
        }

        await home.killDaemon()
        let second = try await home.authagent("token", "work")
        #expect(second.status == 0, "\(second.errors)\(home.log)")
        #expect(issuer.refreshCount == 2)

        let logout = try await home.authagent("logout", "work")
        #expect(logout.status == 0)
        #expect(logout.output.hasPrefix("work: forgotten, revoked at the provider ("), "\(logout.output)")
        #expect(issuer.endedSessions == [second.output.filter { !$0.isNewline }])
        #expect(try await home.authagent("token", "work").status == 3)

        let again = try await home.login("work") { issuer.approve($0) }
        #expect(again.status == 0, "\(again.output)\(again.errors)")
        #expect(issuer.registeredClients.count == 1)
        #expect(issuer.log.allSatisfy { $0.authorization == nil && $0.form["client_id"] == nil })
        for text in [login.output, again.output, logout.output, home.log] { #expect(!text.contains(secret)) }
    }

    @Test("an expired client ends the login: exit code 3 with a reason, and the next login registers another")
    func expired() async throws {
        let issuer = try await issuer {
            $0.firstAccessTokenLifetime = 1
            $0.aws?.toldExpiry = Int(Date().timeIntervalSince1970) - 1
        }
        let home = try AgentHome()
        let login = try await home.login("work", options(issuer)) { issuer.approve($0) }
        #expect(login.status == 0, "\(login.output)\(login.errors)")
        let before = Set(issuer.registeredClients.keys)
        issuer.expireRegisteredClients()
        try await eventually("the token does not expire") {
            try await home.authagent("token", "work", "--min-valid", "0").status != 0
        }
        let token = try await home.authagent("token", "work")
        #expect(token.status == 3, "\(token.output)\(token.errors)\(home.log)")
        #expect(token.errors.contains("the client that the provider had registered has expired"), "\(token.errors)")
        #expect(token.errors.contains("authagent: hint: run 'authagent login work'"))
        let again = try await home.login("work") { issuer.approve($0) }
        #expect(again.status == 0, "\(again.output)\(again.errors)\(home.log)")
        #expect(Set(issuer.registeredClients.keys).subtracting(before).count == 1)
    }

    @Test("a client that the provider has lost is registered again at the login, and one code is shown")
    func lost() async throws {
        let issuer = try await issuer()
        let home = try AgentHome()
        let login = try await home.login("work", options(issuer)) { issuer.approve($0) }
        #expect(login.status == 0, "\(login.output)\(login.errors)")
        issuer.deleteRegisteredClients()
        let again = try await home.login("work") { issuer.approve($0) }
        #expect(again.status == 0, "\(again.output)\(again.errors)\(home.log)")
        #expect(again.output.split(separator: "\n").count { $0.contains(#""event":"prompt""#) } == 1)
        #expect(issuer.registeredClients.count == 1)
        #expect(try await home.authagent("token", "work").status == 0)
    }

    @Test("slow_down and authorization_pending continue the polling; a declined login is access_denied")
    func polling() async throws {
        let issuer = try await issuer()
        issuer.enqueue(
            .token, .reply(status: 400, body: #"{"error":"authorization_pending","error_description":"wait"}"#),
            .reply(status: 400, body: #"{"error":"slow_down","error_description":"slower"}"#))
        let home = try AgentHome()
        let login = try await home.login("work", options(issuer)) { issuer.approve($0) }
        #expect(login.status == 0, "\(login.output)\(login.errors)")
        #expect(login.output.contains(#""event":"slowed""#))
        let declined = try await home.login("other", options(issuer)) { issuer.deny($0) }
        #expect(declined.status == 1)
        #expect(declined.output.contains(#""code":"access_denied""#), "\(declined.output)")
    }

    @Test("a wrong portal, unknown scopes, and a wrong request encoding are failures with a reason")
    func refused() async throws {
        let issuer = try await issuer()
        let home = try AgentHome()
        let portal = try await home.login(
            "work", options(issuer) + ["--start-url", "https://d-0000000000.awsapps.com/start"]
        ) { _ in }
        #expect(portal.status == 1)
        #expect(portal.output.contains(#""code":"invalid_request""#), "\(portal.output)")
        let scope = try await home.login("work", options(issuer) + ["--scope", "nonsense"]) { _ in }
        #expect(scope.output.contains(#""code":"registration_refused""#), "\(scope.output)")
        #expect(scope.output.contains("invalid_scope"))
        #expect(issuer.log.count { $0.endpoint == .token } == 0)

        let plain = try await DemoIssuer.start()
        let forms = try await home.login("work", options(plain)) { _ in }
        #expect(forms.status == 1)
        #expect(forms.output.contains(#""code":"registration_refused""#), "\(forms.output)")
        let standard = [
            "--device-endpoint", issuer.issuer + "/device_authorization", "--token-endpoint", issuer.issuer + "/token",
            "--client-id", "tv", "--store", "memory",
        ]
        let json = try await home.login("other", standard) { _ in }
        #expect(json.output.contains(#""code":"invalid_request""#), "\(json.output)")
    }

    @Test("'providers' lists the parameters, and the values that are not verified")
    func listed() async throws {
        let home = try AgentHome()
        let list = try APIJSON.decode(
            ProviderList.self, from: try await home.authagent("providers", "--json").output.utf8)
        let aws = try #require(list.providers.first { $0.name == "aws" })
        #expect(aws.parameters.map(\.name) == ["region", "start_url"])
        let text = try await home.authagent("providers").output
        #expect(text.contains("--provider aws --region REGION --start-url START_URL"), "\(text)")
    }
}
