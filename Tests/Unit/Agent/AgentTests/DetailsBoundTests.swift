import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing

/// Authorization details under a rule's bound: they give rights beside the scopes.
struct DetailsBoundTests {
    private static func bounds(_ types: [String]) -> [TokenBound] {
        var scopes = TokenBound.scopes("openid")
        scopes.authorizationTypes = types
        return [
            scopes, TokenBound(resources: ["urn:a"], authorizationTypes: types), TokenBound(authorizationTypes: types),
        ]
    }

    @Test("under a bound, details of other types are refused before the provider hears of them")
    func foreign() async throws {
        let fixture = try await DetailsTests.loggedIn()
        let count = fixture.provider.requests(.token).count
        for bound in Self.bounds([]) + Self.bounds(["account", "Payment", "payment2"]) {
            let request = BoundRequest(
                target: try TokenTarget(authorizationDetails: DetailsTests.canonical), bound: bound)
            let problem = await fixture.refusal(request)
            #expect(problem?.code == .forbidden)
            #expect(problem?.reason == "details_not_allowed", "\(bound)")
            guard case .failure(let atOnce)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
                Issue.record("the request is not refused from memory")
                return
            }
            #expect(atOnce == problem)
            await #expect(throws: Problem.self) {
                _ = try await fixture.agent.rejectToken(fixture.name, request, digest: nil)
            }
        }
        #expect(fixture.provider.requests(.token).count == count)
    }

    @Test("details of the rule's types are allowed, whatever else the login has")
    func listed() async throws {
        let fixture = try await DetailsTests.loggedIn()
        fixture.provider.script(.token, DetailsTests.token("n1", DetailsTests.payment))
        for bound in Self.bounds(["payment"]) {
            let request = BoundRequest(
                target: try TokenTarget(authorizationDetails: DetailsTests.canonical), bound: bound)
            #expect(await fixture.refusal(request) == nil, "\(bound)")
        }
    }

    @Test("the login's own token is refused under a bound that lacks a type of the login, also after a restart")
    func own() async throws {
        let fixture = try await DetailsTests.loggedIn()
        for bound in Self.bounds([]) + Self.bounds(["payment"]) {
            #expect(await fixture.refusal(BoundRequest(bound: bound))?.reason == "details_not_allowed", "\(bound)")
        }
        for bound in Self.bounds(["payment", "account"]) {
            #expect(await fixture.refusal(BoundRequest(bound: bound)) == nil, "\(bound)")
        }
        // A reply without details may have all those of the login.
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.token, DetailsTests.token("a2", nil))
        #expect(await restarted.refusal(BoundRequest(bound: .scopes("openid")))?.reason == "details_not_allowed")
        #expect(await restarted.refusal(TokenRequest()) == nil)
    }

    @Test("a provider that gives more details than requested, or unreadable ones, gives nothing under a bound")
    func wider() async throws {
        for granted in [
            #"[{"type":"payment","actions":["read"]},{"type":"account"}]"#, #"{"type":"payment"}"#, "7",
            #"[{"type":""}]"#,
        ] {
            let fixture = try await DetailsTests.loggedIn(#"[{"type":"payment"}]"#)
            fixture.provider.script(.token, DetailsTests.token("n1", granted))
            fixture.time.advance(by: .seconds(3600))
            for bound in Self.bounds(["payment"]) {
                let problem = await fixture.refusal(BoundRequest(bound: bound))
                #expect(problem?.reason == "details_not_allowed", "\(granted) \(bound)")
            }
        }
    }

    @Test("details that were not requested count as well")
    func unrequested() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, DetailsTests.token("a1", #"[{"type":"payment"}]"#))
        let log = try await fixture.login()
        await fixture.passInterval()
        _ = await log.events()
        #expect(await fixture.refusal(BoundRequest(bound: .scopes("openid")))?.reason == "details_not_allowed")
        fixture.provider.script(.token, DetailsTests.token("a2", nil))
        fixture.time.advance(by: .seconds(3600))
        #expect(await fixture.refusal(BoundRequest(bound: .scopes("openid")))?.reason == "details_not_allowed")
    }

    @Test("details of the login that cannot be read are not taken for none at a renewal or a restart")
    func unreadable() async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(.token, DetailsTests.token("a1", "7"))
        let log = try await fixture.login()
        await fixture.passInterval()
        _ = await log.events()
        let bounds = Self.bounds(["payment"])
        for agent in [fixture, try AgentFixture(restarting: fixture)] {
            agent.provider.script(.token, DetailsTests.token("a2", nil))
            agent.time.advance(by: .seconds(3600))
            for bound in bounds {
                #expect(await agent.refusal(BoundRequest(bound: bound))?.reason == "details_not_allowed", "\(bound)")
            }
        }
        // A reply that names them is believed.
        fixture.provider.script(.token, DetailsTests.token("a3", #"[{"type":"payment"}]"#))
        fixture.time.advance(by: .seconds(3600))
        #expect(await fixture.refusal(BoundRequest(bound: bounds[0])) == nil)
    }

    @Test("a login that would request other types is refused, also one that joins")
    func login() async throws {
        let fixture = try await DetailsTests.loggedIn()
        for types in [[], ["payment"]] {
            for bound in Self.bounds(types) {
                do throws(Problem) {
                    _ = try await fixture.agent.login(fixture.name, LoginRequest(), within: CallerLimits(bound: bound))
                    Issue.record("a login has begun")
                } catch { #expect(error.reason == "details_not_allowed", "\(error)") }
            }
        }
        let log = try await fixture.login(LoginRequest())
        _ = await log.prompt()
        await #expect(throws: Problem.self) {
            _ = try await fixture.login(LoginRequest(), within: CallerLimits(bound: .scopes("openid")))
        }
        try await fixture.agent.cancelLogin(fixture.name)
    }
}
