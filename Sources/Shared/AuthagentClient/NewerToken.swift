package import AgentAPI

/// A reply that the agent may send without content: what the client has is current (304).
protocol ReplyWithoutContent {
    static var unchanged: Self { get }
}

/// A token that expires later than the one that the client has; `nil` if the wait has ended without one.
package struct NewerToken: Decodable, Sendable, ReplyWithoutContent {
    package var token: TokenReply?

    package init(from decoder: any Decoder) throws { token = try TokenReply(from: decoder) }

    private init() {}

    static var unchanged: NewerToken { NewerToken() }
}

extension Request where Reply == NewerToken {
    /// Waits for `asked.wait` seconds, or as long as the agent waits.
    package static func newerToken(of account: AccountName, than expiresAt: Int, _ asked: TokenRequest) -> Self {
        var asked = asked
        asked.newerThan = expiresAt
        var request = Self("GET", Resource.token.path(of: account) + "?" + asked.query)
        request.limit = (asked.wait.map { .seconds($0) } ?? Limits.answerTime) + .seconds(5)
        return request
    }
}
