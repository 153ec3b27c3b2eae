import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// Which grant a login uses, what that needs of the provider, and which client it has.
struct GrantChoiceTests {
    private static func registered(_ id: String, _ members: String = "") -> FakeProvider.Answer {
        .json(
            201,
            """
            {"client_id":"\(id)","registration_access_token":"manage-\(id)",
            "registration_client_uri":"\(FakeProvider.issuer)/\(id)/register"\(members)}
            """)
    }

    private func kind(
        _ fixture: CodeLoginFixture, _ change: (inout LoginSettings) -> Void = { _ in }
    ) async throws -> GrantKind? {
        let (_, prompt) = try await fixture.pending(change)
        try await fixture.agent.agent.cancelLogin(fixture.name)
        return prompt.grant
    }

    @Test("without a choice the device grant is used where there is a device endpoint, else the code grant")
    func byMetadata() async throws {
        #expect(try await kind(try CodeLoginFixture()) == .code)
        #expect(try await kind(try CodeLoginFixture(.init(hasDevice: true))) == .device)
        #expect(
            try await kind(try CodeLoginFixture()) { $0.deviceEndpoint = FakeProvider.issuer + "/device" } == .device)
        #expect(try await kind(try CodeLoginFixture(.init(hasDevice: true))) { $0.grant = "code" } == .code)
    }

    @Test("a preset decides for a provider without metadata")
    func byPreset() async throws {
        let fixture = try CodeLoginFixture()
        let settings = LoginSettings(provider: "huggingface", clientID: "c")
        let log = try await fixture.agent.login(LoginRequest(settings: settings))
        #expect(await log.prompt()?.grant == .device)
        try await fixture.agent.agent.cancelLogin(fixture.name)
        var code = settings
        code.grant = "code"
        let other = try await fixture.agent.login(LoginRequest(settings: code))
        let prompt = try #require(await other.prompt())
        #expect(prompt.authorizationURI?.hasPrefix("https://huggingface.co/oauth/authorize?") == true)
        #expect(prompt.redirectURI == "http://127.0.0.1:8737/callback")
        try await fixture.agent.agent.cancelLogin(fixture.name)
    }

    @Test("endpoints alone suffice, and then no metadata is read")
    func byEndpoints() async throws {
        let fixture = try CodeLoginFixture()
        var settings = LoginSettings(clientID: "c")
        settings.authorizationEndpoint = "https://id.example/authorize?tenant=1"
        settings.tokenEndpoint = "https://id.example/token"
        let log = try await fixture.agent.login(LoginRequest(settings: settings))
        let prompt = try #require(await log.prompt(), "\(log.soFar)")
        #expect(prompt.authorizationURI?.hasPrefix("https://id.example/authorize?tenant=1&response_type=code&") == true)
        #expect(fixture.agent.provider.requests(.metadata).isEmpty)
        #expect(
            fixture.listeners.opened[0].take(try fixture.response(to: prompt, issuer: "https://id.example"))
                == .accepted)
        #expect(await fixture.isDone(log))
        settings.authorizationEndpoint = nil
        let other = try #require(AccountName("other"))
        let request = LoginRequest(settings: settings)
        await #expect(throws: Problem.self) {
            _ = try await fixture.agent.agent.login(other, request, within: CallerLimits())
        }
    }

    @Test("the choice is kept for the next login, and another option changes it")
    func kept() async throws {
        let fixture = try CodeLoginFixture(.init(hasDevice: true))
        let (log, prompt) = try await fixture.pending { $0.grant = "code" }
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        #expect(await fixture.isDone(log))
        let again = try await fixture.agent.login(LoginRequest())
        #expect(await again.prompt()?.grant == .code)
        try await fixture.agent.agent.cancelLogin(fixture.name)
        #expect(try await kind(fixture) { $0.grant = "device" } == .device)
    }

    @Test(
        "a client that may not use the device grant gets the hint to log in by code",
        arguments: [
            "unauthorized_client", "unsupported_grant_type",
        ])
    func hint(error: String) async throws {
        let fixture = try CodeLoginFixture(.init(hasDevice: true))
        fixture.agent.provider.script(.device, .error(error))
        let failure = await fixture.failure(try await fixture.login())
        #expect(failure?.code == error && failure?.hint.contains("--code") == true)
    }

    @Test("so does a client that the agent has registered, beside the hint to register another one")
    func registeredHint() async throws {
        let fixture = try CodeLoginFixture(.init(hasDevice: true, registers: true))
        fixture.agent.provider.script(.register, Self.registered("c1"))
        fixture.agent.provider.script(.device, .error("unauthorized_client"))
        let failure = await fixture.failure(try await fixture.login { $0.clientID = nil })
        #expect(failure?.code == "unauthorized_client" && failure?.hint.contains("--code") == true)
    }

    @Test("a registered client that the provider has dropped is named, wherever the login notices it")
    func droppedClient() async throws {
        let fixture = try CodeLoginFixture(.init(registers: true))
        fixture.agent.provider.script(.register, Self.registered("c1"))
        let (first, prompt) = try await fixture.pending { $0.clientID = nil }
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        #expect(await fixture.isDone(first))
        fixture.agent.provider.script(.token, .error("invalid_client", status: 401))
        let again = try await fixture.agent.login(LoginRequest())
        let second = try #require(await again.prompt())
        #expect(fixture.listeners.opened[1].take(try fixture.response(to: second)) == .accepted)
        #expect(await fixture.failure(again)?.hint.contains("logout work --forget-client") == true)
        let silent = try await fixture.agent.login(LoginRequest())
        #expect(await silent.prompt() != nil)
        await fixture.agent.passInterval(600)
        #expect(await fixture.failure(silent)?.hint.contains("logout work --forget-client") == true)
        #expect(fixture.agent.provider.requests(.register).count == 1)
    }

    @Test("a provider with neither endpoint, or without the chosen one, is named")
    func unsupported() async throws {
        let fixture = try CodeLoginFixture(.init(hasDevice: false))
        let failure = await fixture.failure(try await fixture.login { $0.grant = "device" })
        #expect(failure?.code == "device_flow_unsupported" && failure?.hint.contains("--code") == true)
        let other = try AgentFixture()
        var request = AgentFixture.request
        request.settings?.grant = "code"
        guard case .failed(let missing)? = await (try await other.login(request)).events().last else {
            return #expect(Bool(false))
        }
        #expect(missing.code == "code_flow_unsupported" && missing.hint.contains("--device"))
    }

    @Test("PKCE: unknown support is a warning, only plain is refused, and so is pkce = true without S256")
    func proofKey() async throws {
        let unknown = try CodeLoginFixture(.init(methods: nil))
        let (_, prompt) = try await unknown.pending()
        #expect(prompt.note?.contains("PKCE") == true)
        try await unknown.agent.agent.cancelLogin(unknown.name)
        let demanded = await unknown.failure(try await unknown.login { $0.pkce = true })
        #expect(demanded?.code == "configuration_error")
        let plain = try CodeLoginFixture(.init(methods: ["plain"]))
        let refused = await plain.failure(try await plain.login())
        #expect(refused?.code == "configuration_error" && refused?.detail.contains("RFC 9700") == true)
        #expect(plain.listeners.opened.isEmpty)
        let both = try CodeLoginFixture(.init(methods: ["plain", "S256"]))
        #expect(try await kind(both) { $0.pkce = true } == .code)
        let never = try CodeLoginFixture()
        let forbidden = await never.failure(try await never.login { $0.pkce = false })
        #expect(forbidden?.code == "configuration_error" && forbidden?.hint.contains("pkce") == true)
        await #expect(throws: Problem.self) {
            try await never.login { settings in
                settings.grant = "code"
                settings.pkce = false
            }
        }
    }

    @Test("a client that is registered for the device grant is replaced by one for the code grant")
    func replacedClient() async throws {
        let fixture = try CodeLoginFixture(.init(hasDevice: true, registers: true))
        fixture.agent.provider.script(.register, Self.registered("c1"), Self.registered("c2"))
        let first = try await fixture.login { $0.clientID = nil }
        await fixture.agent.passInterval()
        #expect(await fixture.isDone(first))
        let (second, prompt) = try await fixture.pending { settings in
            settings.clientID = nil
            settings.grant = "code"
        }
        let asked = try CodeLoginFixture.parameters(of: prompt)
        #expect(asked["client_id"] == "c2")
        let body = try #require(fixture.agent.provider.requests(.register).last)
        #expect(body.contains(#""application_type":"native""#))
        // A path of its own, so that the responses of two providers cannot be confused (RFC 9700 §4.4.2).
        #expect(body.contains(#""redirect_uris":["http://127.0.0.1/callback/work"]"#))
        #expect(prompt.redirectURI == "http://127.0.0.1:40000/callback/work")
        #expect(fixture.listeners.opened[0].take(try fixture.response(to: prompt)) == .accepted)
        #expect(await fixture.isDone(second))
        // The next login by code has the same client, and the replaced one waits for its deletion.
        let (_, again) = try await fixture.pending { settings in
            settings.clientID = nil
            settings.grant = "code"
        }
        #expect(try CodeLoginFixture.parameters(of: again)["client_id"] == "c2")
        try await fixture.agent.agent.cancelLogin(fixture.name)
        let left = fixture.agent.keyring.records.values.filter { $0.key.purpose != .login }
        #expect(left.count == 1)
    }
}
