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
        // The account's file may have been created after the start.
        guard let known else { return nil }
        let (vault, settings) = (known.vault, known.settings)
        do throws(Problem) {
            try request.requireAllowedTarget(settings, account)
            let request = try request.narrowed(to: vault.loginScope, account)
            guard
                let answer = vault.tokenAtOnce(
                    minimumValidity: .seconds(request.minimumValidity), for: request.target,
                    needsIDToken: request.includesIDToken, by: request.user
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
                needsIDToken: request.includesIDToken, by: request.user
            )
        } catch {
            throw Problem(error, account: name)
        }
        try request.requireWithinBound(served.token, account.settings, name)
        return reply(served, name, request)
    }

    /// Returns the reply. Its text is a copy of the token that cannot be wiped; it lives until the reply is sent.
    private func reply(_ served: ServedToken, _ account: AccountName, _ request: TokenRequest) -> TokenReply {
        let note: String? =
            switch served.note {
            case nil:
                request.target.map { Self.note(on: served.token.scope, $0) }
                    ?? LostScope(served.token.lostScope)?.text
            case .providerTokensAreShorter:
                "the lifetime of the provider's tokens is below the \(request.minimumValidity) s requested"
            case .renewalFailed(let failure):
                "\(failure.note); the lifetime of this token is below the \(request.minimumValidity) s requested"
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

    /// Returns a warning if the token is broader than requested: a caller may hand it on as a restricted one.
    private static func note(on scope: [String], _ target: TokenTarget) -> String? {
        guard !target.scopes.isEmpty else { return nil }
        let extra = ScopeReply(scope, to: target.scopes).notAsked.joined(separator: " ")
        guard !extra.isEmpty else { return nil }
        let shown = DisplayText.clean(extra, limit: 200)
        return "the provider granted more scopes than requested: '\(shown)'"
    }
}

extension TokenFailure {
    /// Why a renewal has failed, for a client that gets the older token.
    fileprivate var note: String {
        switch self {
        case .providerUnreachable: "the provider cannot be reached"
        case .providerRejected, .clientRefused: "the provider refused the last renewal"
        case .identityRefused: "the last renewal brought an ID token that is refused, so nothing of it is used"
        case .providerChanged: "the provider is not what it was at the login, so it was not asked"
        case .configuration: "the account's configuration does not allow a renewal"
        case .store: "the store cannot save a new refresh token, so none is requested"
        case .loginDemanded: "the provider demands a new login"
        case .loginRequired, .locked, .noIDToken, .targetRefused: "the last renewal failed"
        }
    }
}
