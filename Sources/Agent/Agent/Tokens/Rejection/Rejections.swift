internal import AgentAPI
internal import OAuth
internal import Vault

/// Tokens that a service has refused: renewed, or what the service's challenge demands instead.
struct Rejections: Sendable {
    let tokens: Tokens

    private static let demands = ["insufficient_user_authentication", "insufficient_claims"]

    /// Renews the token, or names the login that satisfies the challenge. A caller may renew only what it may request.
    func reject(
        _ name: AccountName, _ rejected: RejectedToken, within limits: CallerLimits
    ) async throws(Problem) -> TokenRejectionReply {
        let account = try tokens.registry.account(name)
        try tokens.registry.requireUnlocked(name)
        try limits.requireAllowed(rejected.request.target, account.settings, name)
        await account.vault.readIfUnread()
        let answer = RejectionAnswer(account: account, rejected: rejected, limits: limits, time: tokens.time)
        guard let field = rejected.challenge else { return try await answer.reply(to: nil) }
        let challenge: TokenChallenge?
        do throws(ChallengeRejection) { challenge = try TokenChallenge.read(field) } catch {
            // No renewal gives what these demand, whatever else stands in the field.
            if let demand = Self.demands.first(where: { field.contains($0) }) {
                return answer.unreadable(demand, error.description)
            }
            var reply = try await answer.reply(to: nil)
            let note = "the service's challenge cannot be read: \(error)"
            reply.note = reply.note.map { "\($0); \(note)" } ?? note
            return reply
        }
        return try await answer.reply(to: challenge)
    }
}
