import Agent
import AgentAPI
import TestSupport
import Testing

/// What a rule's scopes do to tokens and logins, where it depends on what the login has and the provider grants.
struct ScopeBoundTests {
    private func problem(_ fixture: AgentFixture, _ request: TokenRequest) async -> Problem? {
        await fixture.refusal(request)
    }

    private func answer(_ access: String, scope: String?) -> FakeProvider.Answer { .token(access, scope: scope) }

    /// Logs in with these scopes, as the provider confirms them.
    private func fixture(_ scopes: [String]) async throws -> AgentFixture {
        try await AgentFixture.loggedIn(scopes, granted: scopes.joined(separator: " "))
    }

    @Test("a request without scopes asks for what the login has of the bound, and is then answered at once")
    func narrowed() async throws {
        let fixture = try await fixture(["mail", "files", "offline_access"])
        fixture.provider.script(.token, answer("n1", scope: "mail"))
        let request = TokenRequest(bound: .scopes("mail", "never"))
        #expect(fixture.agent.tokenAtOnce(fixture.name, request) == nil)
        #expect(try await fixture.agent.token(fixture.name, request).accessToken == "n1")
        let body = try #require(fixture.provider.requests(.token).last)
        #expect(body.contains("scope=mail&") && !body.contains("never") && !body.contains("files"), "\(body)")
        guard case .success(let reply)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
            Issue.record("it is not kept")
            return
        }
        #expect(reply.accessToken == "n1")
        #expect(reply.note == nil)
    }

    @Test("the login's own token serves if it has no more; offline_access gives a token no rights")
    func own() async throws {
        let fixture = try await fixture(["mail", "offline_access"])
        let request = TokenRequest(bound: .scopes("mail", "files"))
        guard case .success(let reply)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
            Issue.record("it is not served at once")
            return
        }
        #expect(reply.accessToken == "a1")
    }

    @Test("a token that can do more is not served, at once or in time, whatever was asked for")
    func more() async throws {
        let fixture = try await fixture(["mail", "files"])
        fixture.provider.script(.token, answer("n1", scope: "mail files"))
        let bound = TokenBound.scopes("mail")
        for request in [
            TokenRequest(bound: bound), TokenRequest(target: try TokenTarget(scopes: ["mail"]), bound: bound),
        ] {
            for _ in 0..<2 {
                let problem = await problem(fixture, request)
                #expect(problem?.code == .forbidden)
                #expect(problem?.reason == "scope_not_allowed")
                #expect(problem?.detail.contains("'files'") == true)
            }
            guard case .failure(let problem)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
                Issue.record("it is served at once")
                return
            }
            #expect(problem.code == .forbidden)
        }
        // To whom no bound is set it is what it was.
        let free = try await fixture.agent.token(fixture.name, TokenRequest(target: try TokenTarget(scopes: ["mail"])))
        #expect(free.note?.contains("'files'") == true)
    }

    @Test("nothing is asked for where the login has none of the bound")
    func none() async throws {
        let fixture = try await fixture(["mail"])
        let count = fixture.provider.requests(.token).count
        let problem = await problem(fixture, TokenRequest(bound: .scopes("files")))
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
        let reply = try await fixture.agent.token(fixture.name, TokenRequest(target: target, bound: bound))
        #expect(reply.scope == "mail")
        let body = try #require(fixture.provider.requests(.token).last)
        #expect(body.contains("scope=mail&resource=urn%3Aa&audience=api"), "\(body)")
    }

    @Test("a login may ask for no more than the bound, in its own words, the account's, or none at all")
    func login() async throws {
        let fixture = try await fixture(["mail", "files"])
        let bound = ScopeBound(["mail"])
        let requests = fixture.provider.requests(.device).count
        for scopes in [nil, ["mail", "files"], []] as [[String]?] {
            var request = LoginRequest(scopes: scopes)
            request.bound = bound
            do throws(Problem) {
                _ = try await fixture.agent.login(fixture.name, request)
                Issue.record("it begins")
            } catch {
                #expect(error.code == .forbidden, "\(error)")
                #expect(error.reason == "scope_not_allowed")
            }
        }
        #expect(fixture.provider.requests(.device).count == requests)
        var request = LoginRequest(scopes: ["mail", "offline_access"])
        request.bound = bound
        let log = try await fixture.login(request)
        #expect(await log.prompt()?.scope?.contains("mail") == true)
        // Nor is one joined that asks for more.
        try await fixture.agent.cancelLogin(fixture.name)
        let wide = try await fixture.login(LoginRequest(scopes: ["mail", "files"]))
        _ = await wide.prompt()
        var joining = LoginRequest()
        joining.bound = bound
        // Nor does who may not join it say when it ends.
        joining.timeout = 1
        await #expect(throws: Problem.self) { try await fixture.agent.login(fixture.name, joining) }
        for _ in 0..<100 { await Task.yield() }
        #expect(!fixture.time.hasSleeper(within: .seconds(1)))
        try await fixture.agent.cancelLogin(fixture.name)
    }
}
