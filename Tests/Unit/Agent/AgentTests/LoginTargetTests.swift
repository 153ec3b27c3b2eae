import Agent
import AgentAPI
import Foundation
import TestSupport
import Testing

/// Logins with an audience or resources, which some providers need at the login.
struct LoginTargetTests {
    private static let place = "resource=urn%3Aa&resource=https%3A%2F%2Fb.example%2F&audience=api"

    private static func request(_ audience: String? = "api", _ resources: [String]? = nil) -> LoginRequest {
        LoginRequest(
            settings: LoginSettings(
                issuer: FakeProvider.issuer, clientID: "tv", scopes: ["openid"], audience: audience,
                resources: resources ?? ["urn:a", "https://b.example/"]))
    }

    private func loggedIn(_ request: LoginRequest = Self.request()) async throws -> AgentFixture {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1"))
        let log = try await fixture.login(request)
        await fixture.passInterval()
        guard case .done? = await log.events().last else {
            Issue.record("\(log.soFar)")
            return fixture
        }
        return fixture
    }

    @Test("audience and resources are requested at the login and at each renewal of its own token")
    func own() async throws {
        let fixture = try await loggedIn()
        #expect(fixture.provider.requests(.device) == ["client_id=tv&scope=openid&" + Self.place])
        fixture.provider.script(.token, .grant(access: "a2"))
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        let refresh = try #require(fixture.provider.requests(.token).last)
        #expect(refresh.contains("&" + Self.place + "&"), "\(refresh)")

        // They are in the account file, which a restart and a new login use.
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, .grant(access: "a3"))
        #expect(try await restarted.agent.token(fixture.name, TokenRequest()).accessToken == "a3")
        #expect(restarted.provider.requests(.token).last?.contains(Self.place) == true)
        _ = await (try await restarted.login(LoginRequest())).prompt()
        #expect(restarted.provider.requests(.device).last?.contains(Self.place) == true)
        try await restarted.agent.cancelLogin(fixture.name)
    }

    @Test("a narrower token has the same target, unless its request names another")
    func narrower() async throws {
        let fixture = try await loggedIn()
        fixture.provider.script(.token, .grant(access: "n1"))
        for target in [try TokenTarget(scopes: ["mail"]), try TokenTarget(audience: "other")] {
            _ = try await fixture.agent.token(fixture.name, TokenRequest(target: target))
        }
        let bodies = fixture.provider.requests(.token).suffix(2)
        #expect(bodies.first?.contains("&scope=mail&" + Self.place) == true, "\(bodies)")
        #expect(bodies.last?.contains("&audience=other") == true)
        #expect(bodies.last?.contains("resource=") == false, "\(bodies)")
    }

    @Test("an audience in device_parameters is sent once, and not if the key names another")
    func wins() async throws {
        let fixture = try AgentFixture()
        try fixture.files.directory("user")
        try fixture.files.file(
            "user/work.toml",
            """
            issuer = "\(FakeProvider.issuer)"
            client_id = "tv"
            [device_parameters]
            audience = "old"
            prompt = "consent"
            """, mode: 0o600)
        for (audience, expected) in [
            (nil, "client_id=tv&audience=old&prompt=consent"), ("new", "client_id=tv&audience=new&prompt=consent"),
        ] {
            _ = await (try await fixture.login(LoginRequest(settings: LoginSettings(audience: audience)))).prompt()
            #expect(fixture.provider.requests(.device).last == expected)
            try await fixture.agent.cancelLogin(fixture.name)
        }
    }

    @Test("a new provider does not get the audience and resources of the one before")
    func otherProvider() async throws {
        let fixture = try await loggedIn()
        _ = await (try await fixture.login(LoginRequest(settings: LoginSettings(provider: "twitch", clientID: "c"))))
            .prompt()
        #expect(fixture.provider.requests(.device).last == "client_id=c&scopes=openid")
        try await fixture.agent.cancelLogin(fixture.name)
    }

    @Test(
        "an invalid audience or resource is refused before a request",
        arguments: [("", nil), ("a\n", nil), ("api", ["relative"]), ("api", ["urn:a#b"])] as [(String, [String]?)])
    func refused(audience: String, resources: [String]?) async throws {
        let fixture = try AgentFixture()
        let problem = await #expect(throws: Problem.self) {
            try await fixture.login(Self.request(audience, resources))
        }
        #expect(problem?.code == .badRequest)
        #expect(problem?.detail.contains(resources == nil ? "audience" : "resource") == true)
        #expect(fixture.provider.requests(.device).isEmpty)
    }

    @Test("AWS, whose requests have no audience or resource, refuses the settings")
    func noPlace() async throws {
        let fixture = try AgentFixture()
        let problem = await #expect(throws: Problem.self) {
            try await fixture.login(
                LoginRequest(
                    settings: LoginSettings(
                        provider: "aws",
                        providerParameters: ["region": "eu-west-1", "start_url": "https://d-1.awsapps.com/start"],
                        audience: "api")))
        }
        #expect(problem?.detail.contains("supports neither audience nor resources") == true)
    }

    @Test("a renewal refused for its audience reports the audience, not the client")
    func invalidTarget() async throws {
        let fixture = try await loggedIn()
        fixture.provider.script(.token, .error("invalid_target"))
        fixture.time.advance(by: .seconds(3600))
        let problem = await #expect(throws: Problem.self) {
            try await fixture.agent.token(fixture.name, TokenRequest())
        }
        #expect(problem?.hint?.hasPrefix("check audience and resources in the account file") == true)
    }
}
