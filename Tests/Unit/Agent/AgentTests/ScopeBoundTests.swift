import Agent
import AgentAPI
import TestSupport
import Testing

/// A rule's scopes, applied to the login's scopes and to the provider's grant.
struct ScopeBoundTests {
    private func problem(_ fixture: AgentFixture, _ request: some AskedToken) async -> Problem? {
        await fixture.refusal(request)
    }

    private func answer(_ access: String, scope: String?) -> FakeProvider.Answer { .token(access, scope: scope) }

    /// Logs in with these scopes, which the provider confirms.
    private func fixture(_ scopes: [String]) async throws -> AgentFixture {
        try await AgentFixture.loggedIn(scopes, granted: scopes.joined(separator: " "))
    }

    @Test("a request without scopes requests the login's scopes within the bound; the reply is cached")
    func narrowed() async throws {
        let fixture = try await fixture(["mail", "files", "offline_access"])
        fixture.provider.script(.token, answer("n1", scope: "mail"))
        let request = BoundRequest(bound: .scopes("mail", "never"))
        #expect(fixture.agent.tokenAtOnce(fixture.name, request) == nil)
        #expect(try await fixture.agent.token(fixture.name, request).accessToken == "n1")
        let body = try #require(fixture.provider.requests(.token).last)
        #expect(body.contains("scope=mail&") && !body.contains("never") && !body.contains("files"), "\(body)")
        guard case .success(let reply)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
            Issue.record("the token is not kept")
            return
        }
        #expect(reply.accessToken == "n1")
        #expect(reply.note == nil)
    }

    @Test("the login's own token is served if it is within the bound, not counting offline_access")
    func own() async throws {
        let fixture = try await fixture(["mail", "offline_access"])
        let request = BoundRequest(bound: .scopes("mail", "files"))
        guard case .success(let reply)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
            Issue.record("the token is not served from memory")
            return
        }
        #expect(reply.accessToken == "a1")
    }

    @Test("a token with more scopes is not served, from memory or after a request, whatever was requested")
    func more() async throws {
        let fixture = try await fixture(["mail", "files"])
        fixture.provider.script(.token, answer("n1", scope: "mail files"))
        let bound = TokenBound.scopes("mail")
        for request in [
            BoundRequest(bound: bound), BoundRequest(target: try TokenTarget(scopes: ["mail"]), bound: bound),
        ] {
            for _ in 0..<2 {
                let problem = await problem(fixture, request)
                #expect(problem?.code == .forbidden)
                #expect(problem?.reason == "scope_not_allowed")
                #expect(problem?.detail.contains("'files'") == true)
            }
            guard case .failure(let problem)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
                Issue.record("the token is served from memory")
                return
            }
            #expect(problem.code == .forbidden)
        }
        // For a caller without a bound the token is served.
        let free = try await fixture.agent.token(fixture.name, TokenRequest(target: try TokenTarget(scopes: ["mail"])))
        #expect(free.note?.contains("'files'") == true)
    }

    @Test("if the login has no scope of the bound, no request is sent")
    func none() async throws {
        let fixture = try await fixture(["mail"])
        let count = fixture.provider.requests(.token).count
        let problem = await problem(fixture, BoundRequest(bound: .scopes("files")))
        #expect(problem?.code == .scopeNotGranted)
        #expect(problem?.reason == "no_allowed_scope")
        #expect(fixture.provider.requests(.token).count == count)
    }

    @Test("a token for an allowed resource and audience has scopes within the bound as well")
    func targets() async throws {
        let fixture = try await fixture(["mail", "files"])
        fixture.provider.script(.token, answer("n1", scope: "mail"))
        let target = try TokenTarget(resources: ["urn:a"], audience: "api")
        var bound = TokenBound.scopes("mail")
        (bound.resources, bound.audiences) = (["urn:a"], ["api"])
        let reply = try await fixture.agent.token(fixture.name, BoundRequest(target: target, bound: bound))
        #expect(reply.scope == "mail")
        let body = try #require(fixture.provider.requests(.token).last)
        #expect(body.contains("scope=mail&resource=urn%3Aa&audience=api"), "\(body)")
    }

    @Test("a login may request scopes within the bound only, whether its own, the account's or none")
    func login() async throws {
        let fixture = try await fixture(["mail", "files"])
        let limits = CallerLimits(bound: .scopes("mail"))
        let requests = fixture.provider.requests(.device).count
        for scopes in [nil, ["mail", "files"], []] as [[String]?] {
            do throws(Problem) {
                _ = try await fixture.agent.login(
                    fixture.name, LoginRequest(settings: LoginSettings(scopes: scopes)), within: limits)
                Issue.record("the login starts")
            } catch {
                #expect(error.code == .forbidden, "\(error)")
                #expect(error.reason == "scope_not_allowed")
            }
        }
        #expect(fixture.provider.requests(.device).count == requests)
        let log = try await fixture.login(
            LoginRequest(settings: LoginSettings(scopes: ["mail", "offline_access"])), within: limits)
        #expect(await log.prompt()?.scope?.contains("mail") == true)
        // Nor may it join a login that requests more.
        try await fixture.agent.cancelLogin(fixture.name)
        let wide = try await fixture.login(LoginRequest(settings: LoginSettings(scopes: ["mail", "files"])))
        _ = await wide.prompt()
        // Nor may a caller that cannot join set its timeout.
        let joining = LoginRequest(timeout: 1)
        await #expect(throws: Problem.self) { try await fixture.agent.login(fixture.name, joining, within: limits) }
        for _ in 0..<100 { await Task.yield() }
        #expect(!fixture.time.hasSleeper(within: .seconds(1)))
        try await fixture.agent.cancelLogin(fixture.name)
    }
}
