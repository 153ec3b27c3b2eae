import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing

/// Logins with a preset.
struct ProviderLoginTests {
    private static func request(_ name: String, _ parameters: [String: String]? = nil) -> LoginRequest {
        LoginRequest(
            settings: LoginSettings(provider: name, providerParameters: parameters, clientID: "c", scopes: ["a", "b"]))
    }

    @Test("a provider without metadata gets no discovery request, and gets its own parameter names")
    func dialect() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"), .grant(access: "a2"))
        let log = try await fixture.login(Self.request("twitch"))
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(fixture.provider.requests(.metadata).isEmpty)
        #expect(fixture.provider.requests(.device) == ["client_id=c&scopes=a+b"])

        // The file names the preset, so that a later version's values apply.
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a2"))
        #expect(try await restarted.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(try await restarted.agent.status(of: fixture.name).issuer == "https://id.twitch.tv/oauth2")
    }

    @Test("a server whose metadata is missing is reached at the preset's endpoints")
    func withoutMetadata() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.metadata, .json(404, ""))
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(Self.request("keycloak", ["host": "sso.example", "realm": "main"]))
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        #expect(
            fixture.provider.urls(.device)
                == ["https://sso.example/realms/main/protocol/openid-connect/auth/device"])
    }

    @Test("the server's metadata wins over the preset")
    func metadataWins() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(
            .metadata,
            .json(
                200,
                """
                {"issuer":"https://sso.example/realms/main","token_endpoint":"https://sso.example/moved/token",
                "device_authorization_endpoint":"https://sso.example/moved/device"}
                """))
        let log = try await fixture.login(Self.request("keycloak", ["host": "sso.example", "realm": "main"]))
        _ = await log.prompt()
        #expect(fixture.provider.urls(.device) == ["https://sso.example/moved/device"])
        try await fixture.agent.cancelLogin(fixture.name)
    }

    @Test("the preset's endpoints do not replace a server that is down or has another issuer")
    func notReplaced() async throws {
        for answer: FakeProvider.Answer in [
            .json(503, ""), .failure(.unreachable("no route")), .json(200, #"{"issuer":"https://other.example"}"#),
        ] {
            let fixture = try AgentFixture()
            fixture.provider.script(.metadata, answer)
            let log = try await fixture.login(Self.request("keycloak", ["host": "sso.example", "realm": "main"]))
            guard case .failed? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
            #expect(fixture.provider.requests(.device).isEmpty)
        }
    }

    @Test("another provider keeps only the client, the scopes and the store of the one before")
    func changed() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        var first = AgentFixture.request
        first.settings?.deviceEndpoint = "https://by-hand.example/device"
        let log = try await fixture.login(first)
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        let second = try await fixture.login(LoginRequest(settings: LoginSettings(provider: "twitch")))
        _ = await second.prompt()
        #expect(fixture.provider.urls(.device).last == "https://id.twitch.tv/oauth2/device")
        try await fixture.agent.cancelLogin(fixture.name)
    }

    @Test("a missing parameter, or a parameter without a provider, is refused with the option to give")
    func refused() async throws {
        let fixture = try AgentFixture()
        for (request, hint) in [
            (Self.request("keycloak"), "--host"), (Self.request("nobody"), "authagent providers"),
            (
                LoginRequest(settings: LoginSettings(providerParameters: ["host": "h"], clientID: "c")),
                "--provider NAME"
            ),
            (LoginRequest(settings: LoginSettings(provider: "twitch")), "--client-id ID"),
        ] {
            await #expect { _ = try await fixture.login(request) } throws: { error in
                (error as? Problem)?.hint?.contains(hint) == true
            }
        }
    }
}
