import Agent
import AgentAPI
import Configuration
import Foundation
import OAuth
import TestSupport
import Testing
import Vault

/// An agent whose provider offers CIBA and signs ID tokens; the account file has a secret and a login hint.
struct CibaFixture {
    let agent: AgentFixture
    let signer: TokenSigner

    /// `file`: further lines of the account's file. `restarting` and `wall` as in `AgentFixture`.
    init(
        _ file: String = "grant = \"ciba\"", restarting earlier: CibaFixture? = nil, at wall: Int? = nil,
        hooks: HookParts = .none
    ) throws {
        agent = try AgentFixture(restarting: earlier?.agent, at: wall, hooks: hooks)
        signer = try earlier?.signer ?? TokenSigner()
        provider.script(.keys, .json(200, try TokenSigner.keySet(signer)))
        publish()
        answer(expiresIn: 120)
        guard earlier == nil else { return }
        try agent.files.directory("user")
        try agent.files.file("secret", "s3cret", mode: 0o600)
        try agent.files.file(
            "user/work.toml",
            """
            issuer = "\(FakeProvider.issuer)"
            client_id = "tv"
            client_secret_file = "\(agent.files.path)/secret"
            scopes = ["openid", "mail"]
            login_hint = "ann@example.com"
            \(file)

            """, mode: 0o600)
    }

    var provider: FakeProvider { agent.provider }
    var time: ManualTime { agent.time }

    /// Publishes metadata with these members instead of those of CIBA.
    func publish(
        _ members: String =
            #""backchannel_authentication_endpoint":"https://issuer.example/backchannel","backchannel_token_delivery_modes_supported":["poll","ping"]"#
    ) {
        let issuer = FakeProvider.issuer
        provider.script(
            .metadata,
            .json(
                200,
                """
                {"issuer":"\(issuer)","device_authorization_endpoint":"\(issuer)/device",
                "token_endpoint":"\(issuer)/token","revocation_endpoint":"\(issuer)/revocation",
                "jwks_uri":"\(issuer)/keys",\(members)}
                """))
    }

    func answer(expiresIn: Int) {
        provider.script(
            .backchannel, .json(200, #"{"auth_req_id":"secret-request","expires_in":\#(expiresIn),"interval":5}"#))
    }

    /// The parameters of the questions so far.
    var questions: [[String: String]] { provider.requests(.backchannel).map(Self.form) }

    static func form(_ body: String) -> [String: String] {
        var components = URLComponents()
        components.percentEncodedQuery = body.replacingOccurrences(of: "+", with: "%20")
        let items = components.queryItems ?? []
        return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
    }

    func idToken(_ changes: [String: String?] = [:], signer other: TokenSigner? = nil) throws -> String {
        let wall = time.wall
        let claims: [String: String?] = [
            "iss": "\"\(FakeProvider.issuer)\"", "sub": #""ann""#, "aud": #""tv""#, "iat": "\(wall)",
            "exp": "\(wall + 300)",
        ]
        return try (other ?? signer).token(claims.merging(changes) { $1 })
    }

    /// Has the provider answer token requests with a grant.
    func grant(_ access: String, idToken: String?) {
        provider.script(.token, .grant(access: access, refresh: "r-" + access, idToken: idToken))
    }

    /// Logs in with the account's file, and the grant at the first poll.
    func logIn(_ idToken: String?, _ request: LoginRequest = LoginRequest()) async throws -> LoginEvent? {
        grant("a1", idToken: idToken)
        let log = try await agent.login(request)
        await agent.passInterval()
        return await log.events().last
    }

    func failure(_ request: LoginRequest = LoginRequest()) async throws -> LoginFailure? {
        let log = try await agent.login(request)
        guard case .failed(let failure)? = await log.events().last else { return nil }
        return failure
    }

    /// Logs in as Ann, and has the provider end the login.
    func logInAndLose() async throws {
        guard case .done? = try await logIn(try idToken()) else { throw Problem(.internalError, "no login") }
        await lose()
    }

    /// Has the provider end the login, and a request notice it.
    func lose() async {
        provider.script(.token, .error("invalid_grant"), .error("authorization_pending"))
        time.advance(by: .seconds(3600))
        _ = await problem()
    }

    /// Returns why there is no token.
    func problem() async -> Problem? {
        do throws(Problem) {
            _ = try await agent.agent.token(agent.name, TokenRequest())
            return nil
        } catch { return error }
    }

    func status() async throws -> AccountStatus { try await agent.agent.status(of: agent.name) }

    /// Runs the background work while `body` runs.
    func running(_ body: () async throws -> Void) async throws {
        let background = Task { try await agent.agent.run() }
        do { try await body() } catch {
            background.cancel()
            throw error
        }
        background.cancel()
        _ = await background.result
    }

    /// Gives the background work the time to do what is due.
    func settle() async { for _ in 0..<2000 { await Task.yield() } }
}
