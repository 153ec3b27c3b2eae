import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing

/// Authorization details (RFC 9396) of logins and of single tokens.
struct DetailsTests {
    static let payment = #"[{"type":"payment","actions":["read"]}]"#
    static let canonical = #"[{"actions":["read"],"type":"payment"}]"#

    /// Returns an agent with a login for details of the types `payment` and `account`.
    static func loggedIn(
        _ details: String = #"[{"type":"payment"},{"type":"account"}]"#, granted: String? = nil
    ) async throws -> AgentFixture {
        let fixture = try AgentFixture()
        var settings = AgentFixture.settings
        settings.authorizationDetails = details
        fixture.provider.script(.token, token("a1", granted ?? details))
        let log = try await fixture.login(LoginRequest(settings: settings))
        await fixture.passInterval()
        guard case .done? = await log.events().last else {
            throw Problem(.internalError, "the login has failed: \(log.soFar)")
        }
        return fixture
    }

    /// A token reply with the scope of the login and these details; `nil` omits them.
    static func token(_ access: String, _ details: String?) -> FakeProvider.Answer {
        let member = details.map { #","authorization_details":\#($0)"# } ?? ""
        return .json(
            200,
            #"{"access_token":"\#(access)","token_type":"Bearer","expires_in":3600,"refresh_token":"r1","scope":"openid"\#(member)}"#
        )
    }

    static func request(_ details: String = canonical) throws -> TokenRequest {
        TokenRequest(target: try TokenTarget(authorizationDetails: details))
    }

    @Test("a login requests the details of its settings, which the account's file keeps")
    func login() async throws {
        let fixture = try await Self.loggedIn()
        let device = CibaFixture.form(try #require(fixture.provider.requests(.device).first))
        #expect(device["authorization_details"] == #"[{"type":"account"},{"type":"payment"}]"#)
        // Its own token has all of them: a renewal names none (RFC 9396 §6).
        fixture.provider.script(.token, Self.token("a2", nil))
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(fixture.provider.requests(.token).last?.contains("authorization_details") == false)
        let restarted = try AgentFixture(restarting: fixture)
        _ = await (try await restarted.login(LoginRequest())).prompt()
        #expect(restarted.provider.requests(.device).last?.contains("authorization_details=") == true)
        try await restarted.agent.cancelLogin(fixture.name)
    }

    @Test("details that the login's reply does not name are not granted: the login is kept, with a note")
    func notGranted() async throws {
        let fixture = try AgentFixture()
        var settings = AgentFixture.settings
        settings.authorizationDetails = #"[{"type":"payment"},{"type":"account"}]"#
        fixture.provider.script(.token, Self.token("a1", #"[{"type":"account"}]"#))
        let log = try await fixture.login(LoginRequest(settings: settings))
        await fixture.passInterval()
        guard case .done(let result)? = await log.events().last else {
            Issue.record("\(log.soFar)")
            return
        }
        #expect(result.note?.contains("'payment'") == true, "\(result.note ?? "")")
    }

    @Test("a type that the metadata does not list is refused before anything is sent, at the login and for a token")
    func unknownType() async throws {
        let fixture = try await Self.loggedIn()
        let issuer = FakeProvider.issuer
        fixture.provider.script(
            .metadata,
            .json(
                200,
                #"{"issuer":"\#(issuer)","device_authorization_endpoint":"\#(issuer)/device","token_endpoint":"\#(issuer)/token","authorization_details_types_supported":["account"]}"#
            ))
        fixture.time.advance(by: .seconds(2 * 3600))
        let (devices, tokens) = (fixture.provider.requests(.device).count, fixture.provider.requests(.token).count)
        let problem = await fixture.refusal(try Self.request())
        #expect(problem?.code == .scopeNotGranted)
        #expect(problem?.reason == "invalid_authorization_details")
        #expect(problem?.detail.contains("'payment'") == true, "\(problem?.detail ?? "")")
        #expect(fixture.provider.requests(.token).count == tokens)
        let log = try await fixture.login(LoginRequest())
        guard case .failed(let failure)? = await log.events().last else {
            Issue.record("\(log.soFar)")
            return
        }
        #expect(failure.code == "invalid_authorization_details")
        #expect(failure.detail.contains("'payment'"), "\(failure.detail)")
        #expect(fixture.provider.requests(.device).count == devices)
    }

    @Test("a token with fewer details is requested once for equal ones, and is not the login's own")
    func narrower() async throws {
        let fixture = try await Self.loggedIn()
        fixture.provider.script(.token, Self.token("n1", Self.payment))
        let reply = try await fixture.agent.token(fixture.name, try Self.request())
        #expect(reply.accessToken == "n1")
        #expect(reply.note == nil)
        #expect(
            CibaFixture.form(try #require(fixture.provider.requests(.token).last))["authorization_details"]
                == Self.canonical)
        let count = fixture.provider.requests(.token).count
        _ = try await fixture.agent.token(fixture.name, try Self.request())
        #expect(fixture.provider.requests(.token).count == count)
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("a token whose reply does not name the requested details is not served, and the login is not affected")
    func omitted() async throws {
        let fixture = try await Self.loggedIn()
        for granted in [nil, #"[{"type":"account"}]"#, #"[{"type":"payment","actions":["list"]}]"#, #""nonsense""#] {
            fixture.provider.script(.token, Self.token("n1", granted))
            let problem = await fixture.refusal(try Self.request())
            #expect(problem?.code == .scopeNotGranted, "\(granted ?? "-")")
            #expect(problem?.reason == "details_not_granted", "\(granted ?? "-")")
            #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
            fixture.time.advance(by: .seconds(120))
        }
    }

    @Test("a token with more details than requested is served with a note")
    func wider() async throws {
        let fixture = try await Self.loggedIn()
        fixture.provider.script(
            .token, Self.token("n1", #"[{"type":"payment","actions":["read"]},{"type":"account"}]"#))
        let reply = try await fixture.agent.token(fixture.name, try Self.request())
        #expect(reply.note?.contains("'account'") == true, "\(reply.note ?? "")")
    }

    @Test("the provider's refusal of the details has a reason of its own; the login is not affected")
    func refused() async throws {
        let fixture = try await Self.loggedIn()
        fixture.provider.script(.token, .error("invalid_authorization_details"))
        let problem = await fixture.refusal(try Self.request())
        #expect(problem?.reason == "invalid_authorization_details")
        #expect(problem?.hint?.contains("authorization_details") == true)
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }

    @Test("a token with details that a service rejects is renewed, and the login's own is not")
    func rejected() async throws {
        let fixture = try await Self.loggedIn()
        fixture.provider.script(.token, Self.token("n1", Self.payment))
        _ = try await fixture.agent.token(fixture.name, try Self.request())
        fixture.time.advance(by: .seconds(120))
        fixture.provider.script(.token, Self.token("n2", Self.payment))
        let reply = try await fixture.agent.rejectToken(fixture.name, try Self.request(), digest: nil)
        #expect(reply.result == .renewed)
        #expect(try await fixture.agent.token(fixture.name, try Self.request()).accessToken == "n2")
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
    }
}
