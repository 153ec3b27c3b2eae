import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// Queued revocations of logins that have ended here.
struct RevocationQueueTests {
    private static let twitch = LoginRequest(settings: LoginSettings(provider: "twitch", clientID: "c", scopes: ["a"]))
    private static let device = FakeProvider.Answer.json(
        200,
        #"{"device_code":"d","user_code":"AAAA","verification_uri":"https://p.example/a","expires_in":600,"interval":5}"#
    )

    private func logIn(_ fixture: AgentFixture, _ request: LoginRequest, _ number: Int) async throws {
        fixture.provider.script(.token, .grant(access: "a\(number)", refresh: "r\(number)"))
        let log = try await fixture.login(request)
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
    }

    private func isQueueEmpty(_ fixture: AgentFixture) -> Bool {
        fixture.keyring.records.values.compactMap(PendingRevocation.init).isEmpty
    }

    @Test("V1: after a captive portal's page or another issuer's metadata, the revocation stays queued")
    func portal() async throws {
        let first = try AgentFixture()
        try await first.completeLogin()
        let second = try AgentFixture(restarting: first)
        second.provider.script(.metadata, .failure(.unreachable("no route")))
        #expect(try await second.agent.logout(first.name, LogoutRequest()).forgotten)

        let third = try AgentFixture(restarting: second)
        let page = FakeProvider.Answer.json(200, "<html>log in to the network</html>")
        third.provider.script(
            .metadata, page, page, .json(200, #"{"issuer":"https://portal.example"}"#), page, page,
            .json(
                200,
                """
                {"issuer":"\(FakeProvider.issuer)","token_endpoint":"\(FakeProvider.issuer)/token",
                "revocation_endpoint":"\(FakeProvider.issuer)/revocation"}
                """))
        let running = Task { try? await third.agent.run() }
        defer { running.cancel() }
        await eventually("the revocation is given up") {
            third.time.advance(by: .seconds(1))
            return !third.provider.requests(.revocation).isEmpty
        }
        #expect(third.provider.requests(.revocation) == ["token=r1&token_type_hint=refresh_token&client_id=tv"])
        await eventually { isQueueEmpty(third) }
    }

    @Test("V1: a provider whose metadata has no revocation endpoint is not requested again")
    func nowhere() async throws {
        let first = try AgentFixture()
        try await first.completeLogin()
        let second = try AgentFixture(restarting: first)
        second.provider.script(.metadata, .failure(.unreachable("no route")))
        _ = try await second.agent.logout(first.name, LogoutRequest())
        let third = try AgentFixture(restarting: second)
        third.provider.script(
            .metadata,
            .json(200, #"{"issuer":"\#(FakeProvider.issuer)","token_endpoint":"\#(FakeProvider.issuer)/token"}"#))
        let running = Task { try? await third.agent.run() }
        defer { running.cancel() }
        await eventually { isQueueEmpty(third) }
        #expect(third.provider.requests(.metadata).count == 1)
    }

    @Test("V1: a replaced login of a provider without metadata is revoked at the preset's endpoint")
    func withoutMetadata() async throws {
        let fixture = try AgentFixture()
        try await logIn(fixture, Self.twitch, 1)
        try await logIn(fixture, AgentFixture.request, 2)
        let running = Task { try? await fixture.agent.run() }
        defer { running.cancel() }
        await eventually { !fixture.provider.requests(.revocation).isEmpty }
        #expect(fixture.provider.urls(.revocation) == ["https://id.twitch.tv/oauth2/revoke"])
        #expect(fixture.provider.requests(.revocation) == ["token=r1&token_type_hint=refresh_token&client_id=c"])
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
    }

    @Test("V1: so is one of a server that has no metadata although its preset expects it")
    func missingMetadata() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.metadata, .json(404, ""))
        let keycloak = LoginRequest(
            settings: LoginSettings(
                provider: "keycloak", providerParameters: ["host": "sso.example", "realm": "main"], clientID: "c",
                scopes: ["a"]))
        try await logIn(fixture, keycloak, 1)
        try await logIn(fixture, Self.twitch, 2)
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.metadata, .json(404, ""))
        let running = Task { try? await restarted.agent.run() }
        defer { running.cancel() }
        await eventually { !restarted.provider.requests(.revocation).isEmpty }
        #expect(
            restarted.provider.urls(.revocation) == ["https://sso.example/realms/main/protocol/openid-connect/revoke"])
    }

    @Test("V1: the session of a replaced login at AWS is ended with its access token")
    func session() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.register, .json(200, #"{"clientId":"c1","clientSecret":"secret-c1"}"#))
        fixture.provider.script(.device, Self.device)
        let parameters = ["region": "eu-west-1", "start_url": "https://d-1234567890.awsapps.com/start"]
        try await logIn(
            fixture, LoginRequest(settings: LoginSettings(provider: "aws", providerParameters: parameters)), 1)
        try await logIn(fixture, Self.twitch, 2)
        await eventually { !fixture.provider.all(.revocation).isEmpty }
        let sent = try #require(fixture.provider.all(.revocation).first)
        #expect(sent.url.text == "https://portal.sso.eu-west-1.amazonaws.com/logout")
        #expect(sent.headers.contains { $0.name == "x-amz-sso_bearer_token" && $0.value == "a1" })
        #expect(isQueueEmpty(fixture))
    }
}
