import Agent
import AgentAPI
import FoundationEssentials
import TestSupport

/// Requests for tokens under a bound.
extension AgentFixture {
    /// Logs in with these scopes. `granted` is the reply's `scope`; `nil` if it is omitted.
    static func loggedIn(_ scopes: [String], granted: String?) async throws -> AgentFixture {
        let fixture = try AgentFixture()
        try await fixture.logIn(scopes, granted: granted)
        return fixture
    }

    func logIn(_ scopes: [String], granted: String?) async throws {
        provider.script(.token, .token("a1", scope: granted))
        let log = try await login(LoginRequest(issuer: FakeProvider.issuer, clientID: "tv", scopes: scopes))
        await passInterval()
        guard case .done? = await log.events().last else { throw Problem(.internalError, "the login has failed") }
    }

    /// Returns why no token is served; `nil` if one is.
    func refusal(_ request: TokenRequest) async -> Problem? {
        do throws(Problem) {
            _ = try await agent.token(name, request)
            return nil
        } catch { return error }
    }

    /// Adds lines to the account's file and reloads.
    func configure(_ lines: String) async throws {
        let file = "\(files.path)/user/\(name).toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + lines).write(toFile: file, atomically: false, encoding: .utf8)
        try await agent.reload()
    }
}

extension TokenBound {
    static func scopes(_ scopes: String...) -> TokenBound { TokenBound(scopes: ScopeBound(scopes)) }
}

extension FakeProvider.Answer {
    /// Returns a token reply with this `scope` member; `nil` omits it.
    static func token(_ access: String, scope: String?, refresh: String = "r1") -> FakeProvider.Answer {
        let scope = scope.map { #","scope":"\#($0)""# } ?? ""
        return .json(
            200,
            #"{"access_token":"\#(access)","token_type":"Bearer","expires_in":3600,"refresh_token":"\#(refresh)"\#(scope)}"#
        )
    }
}
