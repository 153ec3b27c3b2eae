internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import Vault

/// Tokens of logins with a named authentication context: of those beside the account's login, or of that login itself.
struct ElevatedTokens: Sendable {
    let tokens: Tokens

    /// Returns the result without waiting; `nil` if it needs the provider or the store.
    func tokenAtOnce(
        _ name: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) -> Result<TokenReply, Problem>? {
        let (known, isLocked) = tokens.registry.lookUp(name)
        if isLocked { return .failure(Problem(.locked(.requested), account: name)) }
        guard let known, !known.vault.isUnread else { return nil }
        do throws(Problem) {
            switch try found(known, request, limits) {
            case .elevated(let login, let served): return .success(reply(served, of: login, name, request))
            case .own(let authentication):
                return tokens.tokenAtOnce(name, request.withoutContexts, within: limits)?.map {
                    $0.with(authentication)
                }
            case .none: throw .stepUpRequired(name, request.acrValues)
            }
        } catch { return .failure(error) }
    }

    /// Returns the token. Waits only if it is the account's own.
    func token(
        _ name: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) async throws(Problem) -> TokenReply {
        let account = try tokens.registry.account(name)
        try tokens.registry.requireUnlocked(name)
        await account.vault.readIfUnread()
        switch try found(account, request, limits) {
        case .elevated(let login, let served): return reply(served, of: login, name, request)
        case .own(let authentication):
            return try await tokens.token(name, request.withoutContexts, within: limits).with(authentication)
        case .none: throw .stepUpRequired(name, request.acrValues)
        }
    }

    private func found(
        _ account: Account, _ request: TokenRequest, _ limits: CallerLimits
    ) throws(Problem) -> AccountVault.ElevatedToken {
        try limits.requireAllowed(nil, account.settings, account.name)
        let found: AccountVault.ElevatedToken
        do throws(TokenFailure) {
            found = try account.vault.elevatedToken(
                in: request.acrValues, minimumValidity: .seconds(request.minimumValidity))
        } catch { throw Problem(error, account: account.name) }
        // It cannot be narrowed.
        if case .elevated(_, let served) = found {
            try limits.requireWithinBound(served.token, account.settings, account.name)
        }
        return found
    }

    private func reply(
        _ served: ServedToken, of login: ElevatedLogin, _ name: AccountName, _ request: TokenRequest
    ) -> TokenReply { tokens.reply(served, name, request).with(login.identity.authentication) }
}

extension TokenRequest {
    /// The request for the token of the account's own login.
    fileprivate var withoutContexts: TokenRequest {
        var request = self
        request.acrValues = []
        return request
    }
}

extension TokenReply {
    fileprivate func with(_ authentication: Identity.Authentication) -> TokenReply {
        var reply = self
        (reply.acr, reply.authTime) = (authentication.context, authentication.time)
        return reply
    }
}

extension Problem {
    fileprivate static func stepUpRequired(_ account: AccountName, _ contexts: [String]) -> Problem {
        let shown = DisplayText.clean(contexts.joined(separator: "' or '"), limit: 200)
        return Problem(
            .loginRequired, "'\(account)' has no login with the authentication context '\(shown)'",
            hint: "run '\(LoginCommandLine(account, acrValues: contexts, isElevated: true).text)'",
            reason: "step_up_required")
    }
}
