internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import JOSE
internal import OAuth
internal import Vault

/// What services demand that a plain renewal does not give.
extension RejectionAnswer {
    /// Another authentication (RFC 9470 §3). A renewal does not give one, so none is tried (§6.1).
    func stepUp(_ demands: StepUpDemands) throws(Problem) -> TokenRejectionReply {
        try requireWithinBound(demands.scopes)
        if let login = satisfyingLogin(demands) {
            return TokenRejectionReply(
                account: name, result: .kept, reason: "elevated",
                note: "an elevated login satisfies the challenge: request its token with acr", acr: login.context)
        }
        if isReplaced, let own = account.vault.identity?.authentication, demands.areMet(by: own, at: time.wall) {
            return TokenRejectionReply(
                account: name, result: .kept, reason: Rejection.Reason.anotherToken.rawValue,
                note: "the current login satisfies the challenge: another token was rejected")
        }
        var command = LoginCommandLine(
            name, acrValues: demands.contexts, maxAge: demands.maxAge,
            // The token of a login beside the account's is requested by its context.
            isElevated: !demands.contexts.isEmpty)
        if !ScopeReply(account.settings.scopes, to: demands.scopes).notGranted.isEmpty {
            command.scopes = union(demands.scopes)
        }
        var note = "the service demands \(demands.text), which no renewal gives"
        guard account.settings.publishesKeys || (demands.contexts.isEmpty && demands.maxAge == nil) else {
            note += "; the provider publishes no keys, so a login could not show that it has it"
            return stepUp("insufficient_user_authentication", note, nil)
        }
        if demands.contexts.isEmpty { note += "; the command's login takes the place of the account's" }
        return stepUp("insufficient_user_authentication", note, command)
    }

    /// A demand that cannot be read, but is known not to be one for a renewal.
    func unreadable(_ error: String, _ problem: String) -> TokenRejectionReply {
        stepUp(error, "the service demands what no renewal gives, and its challenge cannot be read: \(problem)", nil)
    }

    /// The elevated login that satisfies the challenge, in the order of the challenge's preference; not the one whose
    /// token was refused.
    private func satisfyingLogin(_ demands: StepUpDemands) -> ElevatedLogin? {
        let refused = refusedElevated?.context
        let logins = elevatedLogins.filter { login in
            login.context != refused && demands.areMet(by: login.identity.authentication, at: time.wall)
                && ScopeReply(login.token.scope, to: demands.scopes).notGranted.isEmpty
        }
        return demands.contexts.lazy.compactMap { context in logins.first { $0.context == context } }.first
            ?? logins.first
    }

    /// Whether the refused token is known not to be the one that its request gets now.
    private var isReplaced: Bool {
        guard let digest = rejected.digest else { return false }
        return account.vault.heldToken(for: rejected.request.target).map { !$0.secret.hasDigest(digest) } ?? true
    }

    /// More scopes (RFC 6750 §3.1): those of the login by a renewal (RFC 6749 §6), others by a login with all of them.
    func moreScopes(_ scopes: [String]) async throws(Problem) -> TokenRejectionReply {
        try requireWithinBound(scopes)
        guard let granted = account.vault.loginScope else { return try await renew() }
        guard ScopeReply(granted, to: scopes).notGranted.isEmpty else {
            return stepUp(
                "insufficient_scope",
                "the service demands the scope '\(shown(scopes))', and a renewal gives no more than the login has",
                LoginCommandLine(name, scopes: union(scopes)))
        }
        let target = try limits.narrowed(rejected.request, to: granted, name).target
        let asked = target?.scopes ?? []
        let held = account.vault.heldToken(for: target)?.scope ?? (asked.isEmpty ? granted : asked)
        // By what the provider has said of it, the token has them.
        guard !ScopeReply(held, to: scopes).notGranted.isEmpty else { return try await renew() }
        return try await widen(target, (asked.isEmpty ? held : asked) + scopes)
    }

    /// Requests the token with these scopes instead. One that is there already may be what the service has refused.
    private func widen(_ target: TokenTarget?, _ scopes: [String]) async throws(Problem) -> TokenRejectionReply {
        let wider: TokenTarget?
        do throws(TokenTarget.Invalid) {
            wider = try TokenTarget(
                scopes: scopes, resources: target?.resources ?? [], audience: target?.audience,
                authorizationDetails: target?.authorizationDetails)
        } catch {
            throw Problem(
                .scopeNotGranted, "the scopes that the service demands cannot be requested: scope \(error.problem)",
                hint: "run '\(LoginCommandLine(name, scopes: union(scopes)).text)'", reason: "insufficient_scope")
        }
        let wide = wider?.scopes ?? []
        var reply = TokenRejectionReply(
            account: name, result: .renewed,
            note: "the service demands more: request the token with the scope '\(shown(wide))'",
            scope: wide.joined(separator: " "))
        let isHeld = account.vault.heldToken(for: wider)?.isValid(at: time.now) ?? false
        let served: ServedToken
        do throws(TokenFailure) {
            if isHeld, case .kept(let reason) = try await account.vault.reject(wider, isRefused: nil) {
                (reply.result, reply.reason) = (.kept, reason.rawValue)
                reply.command = limits.bound == nil ? LoginCommandLine(name, scopes: union(scopes)).text : nil
            }
            served = try await account.vault.token(
                minimumValidity: .seconds(Limits.defaultMinimumValidity), for: wider, by: limits.user)
        } catch { throw Problem(error, account: name) }
        try limits.requireWithinBound(served.token, account.settings, name)
        return reply
    }

    /// Claims (Entra): by a renewal where the provider gives them so, else by a login.
    func demanded(_ claims: String) async throws(Problem) -> TokenRejectionReply {
        // Callers under a bound may request narrower tokens, not others.
        guard limits.bound == nil else { return claimsRefused(claims) }
        var reply = try await renew(claims: claims)
        if reply.result == .kept { reply.command = command(for: claims).text }
        return reply
    }

    private func command(for claims: String?) -> LoginCommandLine {
        var command = LoginCommandLine(name, claims: claims)
        // A request to a phone has no such parameter.
        command.isByCode = account.settings.keys.grant == .ciba
        return command
    }

    func claimsRefused(_ claims: String?) -> TokenRejectionReply {
        stepUp(
            "insufficient_claims", "the service demands other claims of the token, which no renewal gives",
            command(for: claims))
    }

    func stepUp(_ reason: String, _ note: String, _ command: LoginCommandLine?) -> TokenRejectionReply {
        // Callers under a bound need not know the scopes of the login, and others cannot run the command.
        TokenRejectionReply(
            account: name, result: .stepUp, reason: reason,
            note: limits.user == nil ? note : "\(note); the login is for the owner of the agent",
            command: limits.bound == nil ? command?.text : nil)
    }

    /// The scopes that the account's logins request, those that the login has beyond them, and these.
    func union(_ scopes: [String]) -> [String] {
        let requested = account.settings.scopes
        let more = (account.vault.loginScope ?? []).filter { scope in
            requested.allSatisfy { $0 == "offline_access" || !ScopeReply([scope], to: [$0]).notGranted.isEmpty }
        }
        var seen: Set<String> = []
        return (requested + more + scopes).filter { seen.insert($0).inserted }
    }

    private func shown(_ scopes: [String]) -> String { DisplayText.clean(scopes.joined(separator: " "), limit: 200) }

    private func requireWithinBound(_ scopes: [String]) throws(Problem) {
        guard let beyond = limits.bound?.scopes?.beyond(scopes), !beyond.isEmpty else { return }
        throw Problem(
            .forbidden, "the service demands the scope '\(shown(beyond))' of '\(name)', which the rules do not allow",
            hint: "the owner of the agent may add it to 'scopes' of the rule", reason: "scope_not_allowed")
    }
}
