internal import Advice
public import AgentAPI
internal import Formats
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

extension Agent {
    public func tokenAtOnce(
        _ account: AccountName, _ request: TokenRequest
    ) -> Result<TokenReply, Problem>? {
        let (known, isLocked) = state.withLock { ($0.accounts[account], $0.lock.isClosed) }
        if isLocked { return .failure(Problem(.locked(.requested), account: account)) }
        // An account that is not in memory may have a file by now.
        guard let known else { return nil }
        let (vault, settings) = (known.vault, known.settings)
        do throws(Problem) {
            try request.requireAllowedTarget(settings, account)
            let request = try request.narrowed(to: vault.loginScope, account)
            guard
                let answer = vault.tokenAtOnce(
                    minimumValidity: .seconds(request.minimumValidity), for: request.target,
                    needsIDToken: request.includesIDToken
                )
            else { return nil }
            let served = try answer.mapError { Problem($0, account: account) }.get()
            try request.requireWithinBound(served.token, settings, account)
            return .success(reply(served, account, request))
        } catch { return .failure(error) }
    }

    public func token(_ name: AccountName, _ request: TokenRequest) async throws(Problem) -> TokenReply {
        let account = try account(name)
        try requireUnlocked(name)
        try request.requireAllowedTarget(account.settings, name)
        if request.bound != nil { await account.vault.readIfUnread() }
        let request = try request.narrowed(to: account.vault.loginScope, name)
        let served: ServedToken
        do throws(TokenFailure) {
            served = try await account.vault.token(
                minimumValidity: .seconds(request.minimumValidity), for: request.target,
                needsIDToken: request.includesIDToken
            )
        } catch {
            throw Problem(error, account: name)
        }
        try request.requireWithinBound(served.token, account.settings, name)
        return reply(served, name, request)
    }

    /// The reply's text is a plain copy of the token that cannot be wiped; it lives until the reply is sent.
    private func reply(_ served: ServedToken, _ account: AccountName, _ request: TokenRequest) -> TokenReply {
        let note: String? =
            switch served.note {
            case nil:
                request.target.map { Self.note(on: served.token.scope, $0) }
                    ?? LostScope(served.token.lostScope)?.text
            case .providerTokensAreShorter:
                "the provider's tokens live shorter than the \(request.minimumValidity) s that were asked for"
            case .renewalFailed(let failure):
                "\(failure.note); this token lives shorter than the \(request.minimumValidity) s that were asked for"
            }
        let idToken = request.includesIDToken ? served.token.idToken : nil
        let (now, wall) = (parts.time.now, parts.time.wall)
        return TokenReply(
            accessToken: served.token.secret.revealedText(),
            idToken: idToken?.secret.revealedText(),
            idTokenExpiresAt: idToken.map { wall + Int(($0.expiresAt - now).components.seconds) },
            tokenType: served.token.type,
            expiresIn: served.secondsLeft,
            scope: served.token.scope.joined(separator: " "),
            expiresAt: served.secondsLeft.map { wall + $0 },
            account: account,
            note: note
        )
    }

    /// A program that wants to hand on a weak token has to know that it is none.
    private static func note(on scope: [String], _ target: TokenTarget) -> String? {
        guard !target.scopes.isEmpty else { return nil }
        let extra = ScopeReply(scope, to: target.scopes).notAsked.joined(separator: " ")
        guard !extra.isEmpty else { return nil }
        let shown = DisplayText.clean(extra, limit: 200)
        return "the provider granted more than the scopes that were asked for: '\(shown)'"
    }
}

extension TokenFailure {
    /// Why a renewal has brought no token, for a client that is served an older one.
    fileprivate var note: String {
        switch self {
        case .providerUnreachable: "the provider cannot be reached"
        case .providerRejected, .clientRefused: "the provider refused the last renewal"
        case .identityRefused: "the last renewal brought an ID token that is refused, so nothing of it is used"
        case .providerChanged: "the provider is not what it was at the login, so it was not asked"
        case .configuration: "the account cannot be renewed as it is configured"
        case .store: "the store takes no new refresh token, so none is asked for"
        case .loginDemanded: "the provider demands a new login"
        case .loginRequired, .locked, .noIDToken, .targetRefused: "the last renewal failed"
        }
    }
}
