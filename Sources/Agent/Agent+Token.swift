public import AgentAPI
internal import SecretMemory
internal import Vault

extension Agent {
    public func tokenAtOnce(
        _ account: AccountName, minimumValidity seconds: Int
    ) -> Result<TokenReply, Problem>? {
        // An account that is not in memory may have a file by now.
        guard let answer = known(account)?.vault.tokenAtOnce(minimumValidity: .seconds(seconds)) else { return nil }
        return answer.map { reply($0, account, asked: seconds) }.mapError { Problem($0, account: account) }
    }

    public func token(_ name: AccountName, minimumValidity seconds: Int) async throws(Problem) -> TokenReply {
        let account = try account(name)
        do throws(TokenFailure) {
            let served = try await account.vault.token(minimumValidity: .seconds(seconds))
            return reply(served, name, asked: seconds)
        } catch {
            throw Problem(error, account: name)
        }
    }

    /// The reply's text is a plain copy of the token that cannot be wiped; it lives until the reply is sent.
    private func reply(_ served: ServedToken, _ account: AccountName, asked seconds: Int) -> TokenReply {
        let note: String? =
            switch served.note {
            case nil: nil
            case .providerTokensAreShorter:
                "the provider's tokens live shorter than the \(seconds) s that were asked for"
            case .providerUnreachable:
                "the provider cannot be reached; this token lives shorter than the \(seconds) s that were asked for"
            }
        return TokenReply(
            accessToken: served.token.secret.revealedText(),
            tokenType: served.token.type,
            expiresIn: served.secondsLeft,
            scope: served.token.scope.joined(separator: " "),
            expiresAt: served.secondsLeft.map { parts.time.wall + $0 },
            account: account,
            note: note
        )
    }
}
