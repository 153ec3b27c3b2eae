import Agent
import AgentAPI
import TestSupport
import Testing
import Vault

/// Logins that demand how the user authenticates.
struct LoginDemandTests {
    @Test("demands are sent; an ID token that satisfies them gives its context and time")
    func satisfied() async throws {
        let fixture = try IdentityFixture()
        let wall = fixture.agent.time.wall
        let token = try fixture.idToken(acr: "phrh", age: 280)
        let request = IdentityFixture.demanding("phr", "phrh", maxAge: 300, claims: #"{"id_token":{"acr":null}}"#)
        guard case .done(let result)? = try await fixture.logIn(token, request: request) else {
            return #expect(Bool(false))
        }
        #expect(result.acr == "phrh")
        #expect(result.authTime == wall - 280)
        #expect(result.elevated == nil)
        let form = try #require(fixture.agent.provider.requests(.device).first)
        #expect(form.contains("acr_values=phr+phrh") || form.contains("acr_values=phr%20phrh"), "\(form)")
        #expect(form.contains("max_age=300"))
        #expect(form.contains("claims=%7B%22id_token%22"))
        // They are of this login only.
        _ = try await fixture.logIn(acr: nil)
        #expect(fixture.agent.provider.requests(.device).last?.contains("acr_values") == false)
    }

    /// The ID tokens that do not show what was demanded, with the reason to expect.
    private func unmet(_ fixture: IdentityFixture) throws -> [(token: String?, reason: String)] {
        [
            (nil, "no ID token"),
            ("~", "cannot be verified"),
            (try fixture.idToken(acr: "1"), "'1'"),
            (try fixture.idToken(acr: "PHR"), "'PHR'"),
            (try fixture.idToken(acr: nil), "phr"),
            (try fixture.idToken(acr: "phr", age: nil), "auth_time"),
            (try fixture.idToken(acr: "phr", age: 361), "s ago"),
            (try fixture.idToken(acr: "phr", ["auth_time": "0"]), "auth_time"),
            (try fixture.idToken(acr: "phr", age: -90), "future"),
            (try fixture.idToken(acr: "phr", ["exp": "\(fixture.agent.time.wall - 61)"]), "expired"),
            (try fixture.idToken(acr: "phr", ["acr": "7"]), "does not say how"),
        ]
    }

    @Test("an ID token that does not satisfy a demand fails the first login; its tokens are revoked")
    func unmet() async throws {
        for index in try unmet(IdentityFixture()).indices {
            let fixture = try IdentityFixture()
            let (token, reason) = try unmet(fixture)[index]
            let request = IdentityFixture.demanding("phr", maxAge: 300)
            let failure = try #require(try await fixture.failure(token, request: request), "\(reason)")
            #expect(failure.code == "step_up_unmet", "\(failure)")
            #expect(failure.detail.contains(reason), "\(failure)")
            #expect(failure.detail.contains("its tokens are revoked"))
            #expect(failure.hint.contains("run the same command again"))
            #expect(fixture.agent.keyring.records.isEmpty)
            #expect(fixture.agent.provider.requests(.revocation).contains { $0.contains("token=r1") })
        }
    }

    @Test("beside an earlier login, unmet demands discard the new one without a revocation that could end both")
    func earlierLogin() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        let records = fixture.agent.keyring.records.mapValues(\.secret)
        fixture.agent.provider.script(
            .token, .grant(access: "b1", refresh: "rb1", idToken: try fixture.idToken(acr: "1")))
        let log = try await fixture.agent.login(IdentityFixture.demanding("phr", settings: nil))
        await fixture.agent.passInterval()
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "step_up_unmet")
        #expect(failure.detail.contains("not revoked"))
        #expect(fixture.agent.provider.requests(.revocation).isEmpty)
        #expect(fixture.agent.keyring.records.mapValues(\.secret) == records)
        #expect(try await fixture.token(TokenRequest()).accessToken == "a1")
    }

    @Test("what the provider says of unmet demands is its error, with a remedy")
    func refusedByProvider() async throws {
        for code in ["unmet_authentication_requirements", "login_required", "interaction_required"] {
            let fixture = try IdentityFixture()
            fixture.agent.provider.script(.token, .error(code))
            let log = try await fixture.agent.login(IdentityFixture.demanding("phr"))
            await fixture.agent.passInterval()
            guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
            #expect(failure.code == code)
            #expect(!failure.hint.contains("documentation"), "\(failure.hint)")
        }
    }

    @Test("demands that cannot be sent or verified are refused before anything is requested")
    func refused() async throws {
        let long = String(repeating: "x", count: 257)
        let endpoints = {
            var settings = LoginSettings(clientID: "tv", scopes: ["openid"])
            settings.deviceEndpoint = "\(FakeProvider.issuer)/device"
            settings.tokenEndpoint = "\(FakeProvider.issuer)/token"
            return settings
        }()
        var empty = IdentityFixture.demanding()
        empty.acrValues = []
        var many = empty
        many.acrValues = (0...16).map { "a\($0)" }
        let requests: [(LoginRequest, String)] = [
            (empty, "acr_values is empty"), (many, "more than 16"),
            (IdentityFixture.demanding("a b"), "acr_values"), (IdentityFixture.demanding("é"), "acr_values"),
            (IdentityFixture.demanding(""), "acr_values"), (IdentityFixture.demanding(long), "acr_values"),
            (IdentityFixture.demanding(maxAge: -1), "max_age"),
            (IdentityFixture.demanding(maxAge: 31_536_001), "max_age"),
            (IdentityFixture.demanding(claims: "no JSON"), "not JSON"),
            (IdentityFixture.demanding(claims: "[]"), "not a JSON object"),
            (IdentityFixture.demanding(claims: #"{"a":1,"a":2}"#), "not JSON"),
            (IdentityFixture.demanding(claims: "{\"a\":\"\(String(repeating: "x", count: 8192))\"}"), "longer"),
            (IdentityFixture.demanding(elevate: true), "needs acr_values"),
            (IdentityFixture.demanding("phr", settings: endpoints), "publishes no keys"),
        ]
        for (request, reason) in requests {
            let fixture = try AgentFixture()
            await #expect("\(reason)") { try await fixture.login(request) } throws: { error in
                guard let problem = error as? Problem else { return false }
                return problem.code == .badRequest && problem.detail.contains(reason) && problem.hint != nil
            }
            #expect(fixture.provider.requests(.device).isEmpty)
        }
    }

    @Test("only a request with the same demands joins a login with demands")
    func joined() async throws {
        let fixture = try IdentityFixture()
        let pending = try await fixture.agent.login(IdentityFixture.demanding("phr", maxAge: 300))
        _ = await pending.prompt()
        let joined = try await fixture.agent.login(IdentityFixture.demanding("phr", maxAge: 300, settings: nil))
        #expect(await joined.prompt() != nil)
        for request in [
            LoginRequest(),
            IdentityFixture.demanding("phr"), IdentityFixture.demanding("phr", maxAge: 300, elevate: true),
            IdentityFixture.demanding(maxAge: 300, settings: nil), AgentFixture.request,
        ] {
            await #expect { try await fixture.agent.login(request) } throws: {
                ($0 as? Problem)?.detail.contains("other demands") == true
                    && ($0 as? Problem)?.hint?.contains("authagent login work --acr phr --max-age 300;") == true
            }
        }
        #expect(fixture.agent.provider.requests(.device).count == 1)
        try await fixture.agent.agent.cancelLogin(fixture.agent.name)
    }

    @Test("demands add the scope openid to a login without it, and claims are sent in one form")
    func added() async throws {
        let fixture = try IdentityFixture()
        let files = LoginSettings(issuer: FakeProvider.issuer, clientID: "tv", scopes: ["files"])
        let claims = #"{ "b": 1, "a": "\u00e9" }"#
        _ = try await fixture.logIn(
            try fixture.idToken(acr: "phr"),
            request: IdentityFixture.demanding("phr", claims: claims, settings: files))
        let form = try #require(fixture.agent.provider.requests(.device).first)
        #expect(form.contains("scope=openid+files") || form.contains("scope=openid%20files"), "\(form)")
        #expect(form.contains("claims=%7B%22a%22%3A%22%C3%A9%22%2C%22b%22%3A1%7D"), "\(form)")
    }

    @Test("how and when the user authenticated survives renewals and a restart, and never gets younger")
    func renewed() async throws {
        let fixture = try IdentityFixture()
        let wall = fixture.agent.time.wall
        try await fixture.logIn(acr: "phr", age: 10)
        fixture.agent.time.advance(by: .seconds(3600))
        // A renewal need not repeat the claims (OpenID Connect Core 1.0 §12.2), and must not renew the time.
        for (access, token) in [
            ("a2", try fixture.idToken(acr: nil, age: nil)), ("a3", try fixture.idToken(acr: "phr", age: 0)),
        ] {
            fixture.agent.provider.script(.token, .grant(access: access, refresh: "r2", idToken: token))
            #expect(try await fixture.token(TokenRequest()).accessToken == access)
            fixture.agent.time.advance(by: .seconds(3600))
        }
        fixture.agent.provider.script(.token, .grant(access: "a4", refresh: "r3"))
        for agent in [fixture, try IdentityFixture(restarting: fixture.agent)] {
            agent.agent.provider.script(.token, .grant(access: "a4", refresh: "r3"))
            let reply = try await agent.token(acr: "phr").get()
            #expect(reply.accessToken == "a4")
            #expect(reply.acr == "phr")
            #expect(reply.authTime == wall - 10)
        }
    }
}
