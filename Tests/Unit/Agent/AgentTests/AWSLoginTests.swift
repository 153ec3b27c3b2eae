import Agent
import AgentAPI
import Foundation
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// Logins at AWS IAM Identity Center with the preset's addresses.
struct AWSLoginTests {
    private static let portal = "https://d-1234567890.awsapps.com/start"
    private static let request = LoginRequest(
        settings: LoginSettings(provider: "aws", providerParameters: ["region": "eu-west-1", "start_url": portal]))

    private static func registered(_ id: String, until end: Int = 2_000_000_000) -> FakeProvider.Answer {
        .json(200, #"{"clientId":"\#(id)","clientSecret":"secret-\#(id)","clientSecretExpiresAt":\#(end)}"#)
    }

    private static func grant(_ number: Int) -> FakeProvider.Answer {
        .json(
            200,
            #"{"accessToken":"a\#(number)","tokenType":"Bearer","expiresIn":3600,"refreshToken":"r\#(number)"}"#)
    }

    private static let device = FakeProvider.Answer.json(
        200,
        """
        {"deviceCode":"device-code","userCode":"ABCD-EFGH","verificationUri":"https://p.example/start/#/device",
        "verificationUriComplete":"https://p.example/start/#/device?user_code=ABCD-EFGH","expiresIn":600,"interval":1}
        """)

    private func fixture(_ registered: FakeProvider.Answer = registered("c1")) throws -> AgentFixture {
        let fixture = try AgentFixture()
        fixture.provider.script(.register, registered)
        fixture.provider.script(.device, Self.device)
        return fixture
    }

    @discardableResult
    private func logIn(_ fixture: AgentFixture, _ request: LoginRequest = request) async throws -> LoginEvent? {
        fixture.provider.script(.token, Self.grant(1), Self.grant(2))
        let log = try await fixture.login(request)
        await fixture.passInterval()
        return await log.events().last
    }

    private func credential(_ fixture: AgentFixture) -> Credential? {
        fixture.keyring.records.values.first { $0.key.purpose == .login }.flatMap(Credential.init)
    }

    @Test("a login registers a client and requests a code at the region's addresses; a restart refreshes")
    func login() async throws {
        let fixture = try fixture()
        guard case .done(let result)? = try await logIn(fixture) else { return #expect(Bool(false)) }
        #expect(result.scope == "sso:account:access")
        let base = "https://oidc.eu-west-1.amazonaws.com"
        #expect(fixture.provider.urls(.register) == [base + "/client/register"])
        #expect(fixture.provider.urls(.device) == [base + "/device_authorization"])
        #expect(fixture.provider.urls(.token) == [base + "/token"])
        #expect(fixture.provider.urls(.metadata).isEmpty)
        #expect(
            fixture.provider.requests(.device)
                == [#"{"clientId":"c1","clientSecret":"secret-c1","startUrl":"\#(Self.portal)"}"#])
        let file = try String(contentsOfFile: fixture.files.path + "/user/work.toml", encoding: .utf8)
        #expect(file.contains("region = \"eu-west-1\"\n") && file.contains("start_url = \"\(Self.portal)\"\n"))
        #expect(!file.contains("secret-c1") && !file.contains("client_id"))

        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, Self.grant(2))
        #expect(try await restarted.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(
            restarted.provider.requests(.token) == [
                #"{"grantType":"refresh_token","refreshToken":"r1","clientId":"c1","clientSecret":"secret-c1"}"#
            ])
        #expect(credential(fixture)?.refreshToken?.revealedText() == "r2")
        #expect(try await restarted.agent.status(of: fixture.name).loginExpiresAt == 2_000_000_000)
    }

    @Test("other scopes need another client; the same ones in another order do not")
    func scopes() async throws {
        let fixture = try fixture()
        var request = Self.request
        request.settings?.scopes = ["b", "a"]
        try await logIn(fixture, request)
        try await logIn(fixture, LoginRequest(settings: LoginSettings(scopes: ["a", "b"])))
        #expect(fixture.provider.requests(.register).count == 1)
        fixture.provider.script(.register, Self.registered("c2"))
        try await logIn(fixture, LoginRequest(settings: LoginSettings(scopes: ["a"])))
        #expect(fixture.provider.requests(.register).count == 2)
        #expect(credential(fixture)?.clientID == "c2")
    }

    @Test("a registered client that the provider refuses before it expires is registered again at the login")
    func refused() async throws {
        let fixture = try fixture()
        try await logIn(fixture)
        fixture.provider.script(.register, Self.registered("c2"))
        fixture.provider.script(.device, .error("invalid_client", status: 401), Self.device)
        guard case .done? = try await logIn(fixture, LoginRequest()) else { return #expect(Bool(false)) }
        #expect(credential(fixture)?.clientID == "c2")
    }

    @Test("a logout ends the session by the access token in memory, and reports what it does not reach")
    func logout() async throws {
        let fixture = try fixture()
        try await logIn(fixture)
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(reply.revoked && reply.forgotten)
        #expect(reply.reason?.contains("stay valid until they expire") == true)
        let sent = try #require(fixture.provider.all(.revocation).first)
        #expect(sent.url.text == "https://portal.sso.eu-west-1.amazonaws.com/logout")
        #expect(sent.headers.contains { $0.name == "x-amz-sso_bearer_token" && $0.value == "a1" })
        #expect(fixture.provider.requests(.token).count == 1)
        #expect(credential(fixture)?.isSignedIn == false)
    }

    @Test("after a restart a logout first requests an access token; without one the session is not ended")
    func logoutAfterRestart() async throws {
        let first = try fixture()
        try await logIn(first)
        let restarted = try AgentFixture(restarting: first)
        restarted.provider.script(.token, Self.grant(2))
        #expect(try await restarted.agent.logout(first.name, LogoutRequest()).revoked)
        let sent = try #require(restarted.provider.all(.revocation).first)
        #expect(sent.headers.contains { $0.value == "a2" })

        for answer in [FakeProvider.Answer.error("invalid_grant"), .failure(.unreachable("no route")), .json(403, "")] {
            let second = try fixture()
            try await logIn(second)
            let restarted = try AgentFixture(restarting: second)
            restarted.provider.script(.token, answer)
            let reply = try await restarted.agent.logout(second.name, LogoutRequest())
            #expect(!reply.revoked && reply.forgotten)
            #expect(reply.reason?.hasPrefix("the sign-in session is not ended: ") == true, "\(reply)")
            #expect(restarted.provider.all(.revocation).isEmpty)
        }
    }

    @Test(
        "a session that cannot be ended is reported and not queued: later there is no token",
        arguments: [401, 429, 503])
    func logoutRefused(status: Int) async throws {
        let fixture = try fixture()
        try await logIn(fixture)
        fixture.provider.script(.revocation, .json(status, #"{"message":"no"}"#))
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(!reply.revoked && reply.forgotten)
        #expect(reply.reason?.hasPrefix("the sign-in session is not ended: ") == true)
        #expect(reply.reason?.contains("try again") == false)
        #expect(fixture.keyring.records.keys.allSatisfy { $0.purpose == .login })
    }

    @Test(
        "a failed registration is reported before a person is asked to approve",
        arguments: [
            (.json(400, #"{"error":"invalid_scope"}"#), "registration_refused"),
            (.json(500, #"{"error":"server_error"}"#), "provider_unreachable"),
            (.json(200, #"{"clientSecret":"s"}"#), "bad_response"), (.json(404, ""), "registration_refused"),
            (.failure(.unreachable("no route")), "provider_unreachable"),
        ] as [(FakeProvider.Answer, String)])
    func registrationFails(answer: FakeProvider.Answer, code: String) async throws {
        let fixture = try fixture(answer)
        let log = try await fixture.login(Self.request)
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == code, "\(failure)")
        #expect(code != "registration_refused" || failure.hint.hasPrefix("check the provider's parameters and --scope"))
        #expect(fixture.provider.requests(.device).isEmpty)
        #expect(fixture.keyring.records.isEmpty)
    }

    @Test("a login without a region or a start URL is refused")
    func parameters() async throws {
        let fixture = try fixture()
        for (parameters, hint) in [([:], "--region"), (["region": "eu-west-1"], "--start-url")] {
            await #expect {
                _ = try await fixture.login(
                    LoginRequest(settings: LoginSettings(provider: "aws", providerParameters: parameters)))
            } throws: { error in
                (error as? Problem)?.hint?.contains(hint) == true
            }
        }
        let described = try #require(fixture.agent.providers().providers.first { $0.name == "aws" })
        #expect(described.parameters.map(\.name) == ["region", "start_url"])
        #expect(!described.unverified.isEmpty)
    }
}
