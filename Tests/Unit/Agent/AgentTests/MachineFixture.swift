import Agent
import AgentAPI
import Foundation
import TestSupport
import Testing

/// An agent with account files that name no login, beside the login 'work'.
struct MachineFixture {
    let agent: AgentFixture
    var provider: FakeProvider { agent.provider }

    init() throws {
        agent = try AgentFixture()
        try agent.files.directory("user")
    }

    static func name(_ text: String) throws -> AccountName { try #require(AccountName(text)) }

    /// Writes an account file whose issuer is the provider's.
    func put(_ name: String, _ keys: String...) throws {
        let lines = ["issuer = \"\(FakeProvider.issuer)\""] + keys
        try agent.files.file("user/\(name).toml", lines.joined(separator: "\n") + "\n")
    }

    /// A file of an exchange, by a client without a secret.
    func putExchange(_ name: String, of subject: String, _ more: String...) throws {
        let keys = ["client_id = \"gate\"", "client_auth = \"none\"", "grant = \"token_exchange\""]
        try put(name, (keys + ["subject_account = \"\(subject)\""] + more).joined(separator: "\n"))
    }

    func token(_ name: String, _ request: TokenRequest = TokenRequest()) async throws -> String {
        try await agent.agent.token(try Self.name(name), request, within: CallerLimits()).accessToken
    }

    /// Returns the problem of a request for a token.
    func problem(_ name: String) async throws -> Problem? {
        await #expect(throws: Problem.self) { try await token(name) }
    }

    /// Runs a login and returns its last event.
    func login(_ name: String, _ settings: LoginSettings? = nil) async throws -> LoginEvent? {
        let stream = try await agent.agent.login(
            try Self.name(name), LoginRequest(settings: settings), within: CallerLimits())
        return await EventLog(stream).events().last
    }

    /// The parameters of the requests to the token endpoint with this grant type, in order.
    func forms(_ grant: String) -> [[String: String]] {
        provider.requests(.token).map { body in
            Dictionary(
                body.split(separator: "&").map { pair in
                    let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                    return (parts[0], (parts.last ?? "").removingPercentEncoding ?? "")
                }, uniquingKeysWith: { $1 })
        }.filter { $0["grant_type"]?.hasSuffix(grant) == true }
    }
}

extension FakeProvider.Answer {
    /// The reply to an exchange (RFC 8693 §2.2.1).
    static func exchanged(
        _ token: String, type: String = "access_token", tokenType: String = "Bearer", expiresIn: Int = 3600
    ) -> Self {
        .json(
            200,
            """
            {"access_token":"\(token)","token_type":"\(tokenType)","expires_in":\(expiresIn),
            "issued_token_type":"urn:ietf:params:oauth:token-type:\(type)"}
            """)
    }
}
