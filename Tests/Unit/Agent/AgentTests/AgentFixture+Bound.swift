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
        let log = try await login(
            LoginRequest(settings: LoginSettings(issuer: FakeProvider.issuer, clientID: "tv", scopes: scopes)))
        await passInterval()
        guard case .done? = await log.events().last else { throw Problem(.internalError, "the login has failed") }
    }

    /// Returns why no token is served; `nil` if one is.
    func refusal(_ request: some AskedToken) async -> Problem? {
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

/// A request for a token, and the limits that the server passes beside it.
protocol AskedToken: Sendable {
    var request: TokenRequest { get }
    var limits: CallerLimits { get }
}

/// A request of the owner, who has no limits.
extension TokenRequest: AskedToken {
    var request: TokenRequest { self }
    var limits: CallerLimits { CallerLimits() }
}

/// A request under a rule's bound.
struct BoundRequest: AskedToken {
    let request: TokenRequest
    let limits: CallerLimits

    init(target: TokenTarget? = nil, bound: TokenBound) {
        request = TokenRequest(target: target)
        limits = CallerLimits(bound: bound)
    }
}

extension Agent {
    func tokenAtOnce(_ name: AccountName, _ asked: some AskedToken) -> Result<TokenReply, Problem>? {
        tokenAtOnce(name, asked.request, within: asked.limits)
    }

    func token(_ name: AccountName, _ asked: some AskedToken) async throws(Problem) -> TokenReply {
        try await token(name, asked.request, within: asked.limits)
    }

    func rejectToken(
        _ name: AccountName, _ asked: some AskedToken, digest: [UInt8]? = nil, challenge: String? = nil
    ) async throws(Problem) -> TokenRejectionReply {
        try await rejectToken(
            name, RejectedToken(asked.request, digest: digest, challenge: challenge), within: asked.limits)
    }

    /// Starts or joins a login of the owner.
    func login(_ name: AccountName, _ request: LoginRequest) async throws(Problem) -> AsyncStream<LoginEvent> {
        try await login(name, request, within: CallerLimits())
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
