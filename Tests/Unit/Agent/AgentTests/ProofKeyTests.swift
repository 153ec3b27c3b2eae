import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing

/// PKCE in the device grant (RFC 7636).
struct ProofKeyTests {
    /// Keycloak's reply to a client that must use PKCE.
    private static let demand = FakeProvider.Answer.json(
        400, #"{"error":"invalid_request","error_description":"Missing parameter: code_challenge_method"}"#)
    private static let codes = FakeProvider.Answer.json(
        200,
        """
        {"device_code":"secret-device-code","user_code":"WDJB-MJHT","expires_in":600,"interval":5,
        "verification_uri":"https://issuer.example/activate"}
        """)

    private func request(pkce: Bool?) -> LoginRequest {
        var request = AgentFixture.request
        request.settings?.pkce = pkce
        return request
    }

    private func parameter(_ name: String, _ body: String) -> String? {
        body.split(separator: "&").first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    @Test("a provider that requires a proof key gets one, without a setting")
    func onDemand() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.device, Self.demand, Self.codes)
        fixture.provider.script(.token, .error("authorization_pending"), .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login()
        await fixture.passInterval()
        await fixture.passInterval()
        guard case .done? = await log.events().last else { return #expect(Bool(false), "\(log.soFar)") }
        let asked = fixture.provider.requests(.device)
        #expect(asked.count == 2)
        #expect(parameter("code_challenge", asked[0]) == nil)
        #expect(parameter("code_challenge", asked[1])?.utf8.count == 43)
        #expect(parameter("code_challenge_method", asked[1]) == "S256")
        let verifiers = fixture.provider.requests(.token).map { parameter("code_verifier", $0) }
        #expect(verifiers.count == 2 && verifiers[0]?.utf8.count == 43 && verifiers[0] == verifiers[1])
        // The proof key ends with the login.
        fixture.provider.script(.token, .grant(access: "a2"))
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a2"))
        _ = try await restarted.agent.token(restarted.name, TokenRequest())
        #expect(restarted.provider.requests(.token).allSatisfy { parameter("code_verifier", $0) == nil })
    }

    @Test("with pkce = true the first request has a proof key, different for each login")
    func always() async throws {
        let fixture = try AgentFixture()
        var challenges: [String?] = []
        for _ in 0..<2 {
            let log = try await fixture.login(request(pkce: true))
            #expect(await log.prompt() != nil)
            challenges.append(parameter("code_challenge", fixture.provider.requests(.device).last ?? ""))
            try await fixture.agent.cancelLogin(fixture.name)
        }
        #expect(fixture.provider.requests(.device).count == 2)
        #expect(challenges[0] != nil && challenges[1] != nil && challenges[0] != challenges[1])
    }

    @Test("with pkce = false there is none, and the refusal names the option")
    func never() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.device, Self.demand)
        let log = try await fixture.login(request(pkce: false))
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(fixture.provider.requests(.device).count == 1)
        #expect(failure.code == "invalid_request" && failure.hint.contains("--pkce"))
    }

    @Test("a provider that still requires a proof key after getting one is not requested again")
    func twice() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.device, Self.demand)
        let log = try await fixture.login()
        guard case .failed? = await log.events().last else { return #expect(Bool(false)) }
        #expect(fixture.provider.requests(.device).count == 2)
    }

    @Test("any other refusal is not retried")
    func otherRefusal() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.device, .error("invalid_scope"))
        let log = try await fixture.login()
        guard case .failed? = await log.events().last else { return #expect(Bool(false)) }
        #expect(fixture.provider.requests(.device).count == 1)
    }

    @Test("a preset of a provider that requires a proof key sends it at once")
    func preset() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.metadata, Self.codes)
        let log = try await fixture.login(LoginRequest(settings: LoginSettings(provider: "bmw", clientID: "c")))
        #expect(await log.prompt() != nil, "\(log.soFar)")
        let asked = fixture.provider.requests(.metadata)
        #expect(asked.count == 1)
        #expect(parameter("code_challenge", asked[0]) != nil && parameter("response_type", asked[0]) == "device_code")
        try await fixture.agent.cancelLogin(fixture.name)
    }
}
