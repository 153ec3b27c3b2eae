import Agent
import AgentAPI
import TestSupport
import Testing

/// Logins with demands, and the tokens of elevated ones.
extension IdentityFixture {
    static func demanding(
        _ contexts: String..., maxAge: Int? = nil, elevate: Bool? = nil, claims: String? = nil,
        settings: LoginSettings? = AgentFixture.settings
    ) -> LoginRequest {
        var request = LoginRequest(settings: settings)
        request.acrValues = contexts.isEmpty ? nil : contexts
        (request.maxAge, request.elevate, request.claims) = (maxAge, elevate, claims)
        return request
    }

    /// Returns an ID token of a user who has authenticated in this context, this many seconds ago.
    func idToken(acr: String?, age: Int? = 0, _ changes: [String: String?] = [:]) throws -> String {
        try idToken(
            [
                "acr": acr.map { "\"\($0)\"" } ?? nil,
                "auth_time": age.map { "\(agent.time.wall - $0)" } ?? nil,
            ].merging(changes) { $1 })
    }

    /// Logs in to the account, with the scopes and the ID token of this grant.
    @discardableResult
    func logIn(acr: String? = nil, age: Int? = 0) async throws -> LoginEvent? {
        try await logIn(try idToken(acr: acr, age: age))
    }

    /// Runs a login beside the account's.
    @discardableResult
    func elevate(
        _ acr: String, age: Int? = 0, access: String = "e1", refresh: String? = "er1", expiresIn: Int? = 600,
        changes: [String: String?] = [:], scopes: [String]? = nil
    ) async throws -> LoginEvent? {
        agent.provider.script(
            .token,
            .grant(
                access: access, refresh: refresh, expiresIn: expiresIn,
                idToken: try idToken(acr: acr, age: age, changes)))
        let settings = scopes.map { LoginSettings(scopes: $0) }
        let log = try await agent.login(Self.demanding(acr, elevate: true, settings: settings))
        await agent.passInterval()
        return await log.events().last
    }

    /// Returns the token of a login in one of these contexts, or why there is none.
    func token(
        acr: String..., minimumValidity: Int = 60, within limits: CallerLimits = CallerLimits()
    ) async
        -> Result<TokenReply, Problem>
    {
        var request = TokenRequest(minimumValidity: minimumValidity)
        request.acrValues = acr
        do throws(Problem) { return .success(try await agent.agent.token(agent.name, request, within: limits)) } catch {
            return .failure(error)
        }
    }

    /// Reports a refused token.
    func reject(
        _ challenge: String?, of token: String? = nil, acr: [String] = [], target: TokenTarget? = nil,
        within limits: CallerLimits = CallerLimits()
    ) async throws(Problem) -> TokenRejectionReply {
        var request = TokenRequest(target: target)
        request.acrValues = acr
        return try await agent.agent.rejectToken(
            agent.name, RejectedToken(request, digest: token.map(tokenDigest), challenge: challenge), within: limits)
    }
}
