internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import System
internal import Vault

/// The tokens that callers request.
struct Tokens: Sendable {
    let time: any Time
    let registry: AccountRegistry

    /// Returns the result without waiting; `nil` if it needs the provider or the store.
    func tokenAtOnce(
        _ account: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) -> Result<TokenReply, Problem>? {
        let (known, isLocked) = registry.lookUp(account)
        if isLocked { return .failure(Problem(.locked(.requested), account: account)) }
        // The account's file may have been created after the start.
        guard let known else { return nil }
        let (vault, settings) = (known.vault, known.settings)
        do throws(Problem) {
            try limits.requireAllowed(request.target, settings, account)
            try request.requirePerson(settings, account)
            let request = try limits.narrowed(request, to: vault.loginScope, account)
            guard
                let answer = vault.tokenAtOnce(
                    minimumValidity: .seconds(request.minimumValidity), for: request.target,
                    needsIDToken: request.includesIDToken, by: limits.user
                )
            else { return nil }
            let served = try answer.mapError { Problem($0, account: account) }.get()
            try limits.requireWithinBound(served.token, settings, account)
            return .success(reply(served, account, request))
        } catch { return .failure(error) }
    }

    /// Returns the login's own token if it is in memory; otherwise `nil`, and then nothing has changed.
    func cachedToken(_ name: AccountName, minimumValidity: Int, if isAdmitted: () -> Bool) -> TokenReply? {
        let (account, isLocked) = registry.lookUp(name)
        guard !isLocked, let account,
            let served = account.vault.cachedToken(minimumValidity: .seconds(minimumValidity), if: isAdmitted)
        else { return nil }
        return reply(served, name, TokenRequest(minimumValidity: minimumValidity, includesIDToken: false))
    }

    /// Returns the requested token. Waits if a refresh is running.
    func token(
        _ name: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) async throws(Problem) -> TokenReply {
        let served = try await served(name, request, within: limits)
        return reply(served.token, name, served.request)
    }

    /// Returns the requested token, and the request as the limits have narrowed it.
    func served(
        _ name: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) async throws(Problem) -> (token: ServedToken, request: TokenRequest) {
        let account = try registry.account(name)
        try registry.requireUnlocked(name)
        try limits.requireAllowed(request.target, account.settings, name)
        try request.requirePerson(account.settings, name)
        if limits.bound != nil { await account.vault.readIfUnread() }
        let narrowed = try limits.narrowed(request, to: account.vault.loginScope, name)
        let served: ServedToken
        do throws(TokenFailure) {
            served = try await account.vault.token(
                minimumValidity: .seconds(narrowed.minimumValidity), for: narrowed.target,
                needsIDToken: narrowed.includesIDToken, by: limits.user
            )
        } catch {
            guard account.vault.isRetired else { throw Problem(error, account: name) }
            // A reload or a migration is replacing the account.
            await registry.turn.run {}
            guard registry.known(name) !== account else { throw Problem(error, account: name) }
            return try await self.served(name, request, within: limits)
        }
        try limits.requireWithinBound(served.token, account.settings, name)
        return (served, narrowed)
    }

    /// Returns a token that expires later than the request's `newerThan`. Waits until there is one, or until the task
    /// is cancelled.
    func newerToken(
        _ name: AccountName, _ request: TokenRequest, than newerThan: Int, within limits: CallerLimits
    ) async throws(Problem) -> NewerTokenReply {
        var isReplaced = false
        while true {
            let account = try registry.account(name)
            try registry.requireUnlocked(name)
            try limits.requireAllowed(request.target, account.settings, name)
            if limits.bound != nil { await account.vault.readIfUnread() }
            let request = try limits.narrowed(request, to: account.vault.loginScope, name)
            // After a replacement, the client's token is of a former login, and each valid one is newer.
            let expiry = isReplaced ? time.wall - 60 : newerThan
            let found: NewerToken
            do throws(TokenFailure) {
                found = try await account.vault.newerToken(
                    than: expiry, minimumValidity: .seconds(request.minimumValidity), for: request.target,
                    needsIDToken: request.includesIDToken, by: limits.user)
            } catch { throw Problem(error, account: name) }
            switch found {
            case .token(let served, let tag):
                try limits.requireWithinBound(served.token, account.settings, name)
                return .newer(reply(served, name, request), tag: Self.text(of: tag))
            case .same(let tag): return .same(tag: Self.text(of: tag))
            case .endless: throw .noExpiry(name)
            case .retired:
                isReplaced = true
                // A reload or a migration is replacing the account.
                await registry.turn.run {}
                guard registry.known(name) !== account else { throw .unknown(name) }
            }
        }
    }

    private static func text(of tag: UInt64) -> String {
        let digits = String(tag, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Returns a token as a systemd unit gets it when it starts, with as much left as a sink's.
    func credential(
        of name: AccountName, for target: TokenTarget?, as what: SinkContentKind
    ) async throws(Problem) -> [UInt8] {
        let request = TokenRequest(
            minimumValidity: SinkSettings.defaultMinimumValidity, includesIDToken: what == .idToken, target: target)
        let reply = try await token(name, request, within: CallerLimits())
        do throws(Fault) { return Array(try reply.text(as: what).utf8) } catch {
            throw Problem(.configurationError, error.problem, hint: error.hint)
        }
    }

    /// Returns the reply. Its text is a copy of the token that cannot be wiped; it lives until the reply is sent.
    func reply(_ served: ServedToken, _ account: AccountName, _ request: TokenRequest) -> TokenReply {
        let note: String? =
            switch served.note {
            case nil:
                request.target.map { Self.note(on: served.token, $0) }
                    ?? LostScope(served.token.lostScope)?.text
            case .providerTokensAreShorter:
                "the lifetime of the provider's tokens is below the \(request.minimumValidity) s requested"
            case .renewalFailed(let failure):
                "\(failure.note); the lifetime of this token is below the \(request.minimumValidity) s requested"
            }
        let idToken = request.includesIDToken ? served.token.idToken : nil
        let (now, wall) = (time.now, time.wall)
        var reply = TokenReply(
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
        reply.issuedTokenType = served.token.issuedType?.text
        return reply
    }

    /// Returns a warning if the token is broader than requested: a caller may hand it on as a restricted one.
    private static func note(on token: AccessToken, _ target: TokenTarget) -> String? {
        func note(_ what: String, _ extra: [String], _ separator: String) -> String? {
            guard !extra.isEmpty else { return nil }
            let shown = DisplayText.clean(extra.joined(separator: separator), limit: 200)
            return "the provider granted more \(what) than requested: '\(shown)'"
        }
        let scopes = target.scopes.isEmpty ? [] : ScopeReply(token.scope, to: target.scopes).notAsked
        let types = target.details?.reply(token.details).notAsked ?? []
        let notes = [note("scopes", scopes, " "), note("authorization details", types, "', '")].compactMap(\.self)
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }
}

extension TokenRequest {
    /// Refuses an ID token of an account without a person: it would name one.
    fileprivate func requirePerson(_ settings: AccountSettings, _ account: AccountName) throws(Problem) {
        guard includesIDToken, settings.machineGrant != nil else { return }
        throw Problem(
            .noIDToken, "'\(account)' has no login, and so no ID token of a person",
            hint: "leave id_token out; with requested_token_type = \"id_token\" an exchange issues one as its token",
            reason: "not_issued")
    }
}

extension Problem {
    fileprivate static func noExpiry(_ account: AccountName) -> Problem {
        Problem(
            .badRequest, "the token of '\(account)' has no known expiry, so none is newer",
            hint: "leave out newer_than, and report a token that a service refuses", reason: "no_expiry"
        )
    }
}

extension TokenFailure {
    /// Why a renewal has failed, for a client that gets the older token.
    fileprivate var note: String {
        switch self {
        case .providerUnreachable: "the provider cannot be reached"
        case .providerRejected, .clientRefused, .grantRefused: "the provider refused the last renewal"
        case .identityRefused: "the last renewal brought an ID token that is refused, so nothing of it is used"
        case .providerChanged: "the provider is not what it was at the login, so it was not asked"
        case .configuration: "the account's configuration does not allow a renewal"
        case .store: "the store cannot save a new refresh token, so none is requested"
        case .loginDemanded: "the provider demands a new login"
        case .subjectLoginRequired(let source): "'\(source)', from whose token this one is made, needs a login"
        case .loginRequired, .locked, .noIDToken, .targetRefused, .abandoned: "the last renewal failed"
        }
    }
}
