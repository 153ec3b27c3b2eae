internal import Advice
internal import AgentAPI
internal import Formats
internal import OAuth
internal import SecretMemory
internal import Vault

/// Token inspection for people. No decision may rest on the result (RFC 9068 §6).
struct Inspections: Sendable {
    let shared: SharedParts
    let registry: AccountRegistry

    func inspect(_ name: AccountName?, _ request: InspectRequest) async throws(Problem) -> InspectReply {
        let introspects = request.introspect ?? false
        guard let text = request.token else {
            guard let name else {
                throw Problem(.badRequest, "there is no token to inspect", hint: "send it as 'token' in the body")
            }
            return try await inspectTokens(of: try registry.account(name), introspects: introspects)
        }
        guard (1...TokenGrant.maximumTokenLength).contains(text.utf8.count), text.utf8.allSatisfy(\.isVisible) else {
            throw Problem(
                .badRequest, "this is not a token: it is empty or has invalid characters",
                hint: "give the token and nothing else"
            )
        }
        let inspector: TokenInspector
        if let name {
            let account = try registry.account(name)
            await account.vault.readIfUnread()
            inspector = TokenInspector(SecretBytes(text), role: .given, account)
        } else {
            let accounts = registry.accounts.sorted { $0.name < $1.name }
            inspector = TokenInspector(SecretBytes(text), amongAccounts: accounts)
            await inspector.account?.vault.readIfUnread()
        }
        return InspectReply(
            account: inspector.account?.name,
            tokens: [await inspector.inspect(introspects: introspects, identities: shared.identities)]
        )
    }

    private func inspectTokens(of account: Account, introspects: Bool) async throws(Problem) -> InspectReply {
        let served: ServedToken
        do throws(TokenFailure) { served = try await account.vault.token(minimumValidity: .zero) } catch {
            throw Problem(error, account: account.name)
        }
        let access = TokenInspector(served.token.secret, role: .accessToken, account)
        var first = await access.inspect(introspects: introspects, identities: shared.identities)
        first.expiresAt = served.secondsLeft.map { shared.time.wall + $0 }
        first.scope = DisplayText.clean(served.token.scope.joined(separator: " "), limit: 1024)
        var tokens = [first]
        if let idToken = served.token.idToken {
            let inspector = TokenInspector(idToken.secret, role: .idToken, account)
            // Introspection endpoints take access and refresh tokens only (RFC 7662 §2).
            tokens.append(await inspector.inspect(introspects: false, identities: shared.identities))
        }
        return InspectReply(account: account.name, tokens: tokens)
    }
}
