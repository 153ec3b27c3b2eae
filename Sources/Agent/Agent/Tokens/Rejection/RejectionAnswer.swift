internal import Advice
internal import AgentAPI
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import Vault

/// The answer to one report of a refused token.
struct RejectionAnswer: Sendable {
    let account: Account
    let rejected: RejectedToken
    let limits: CallerLimits
    let time: any Time

    var name: AccountName { account.name }

    func reply(to challenge: TokenChallenge?) async throws(Problem) -> TokenRejectionReply {
        if case .stepUp(let contexts, let maxAge, let scopes)? = challenge {
            return try stepUp(StepUpDemands(contexts, maxAge: maxAge, scopes: scopes))
        }
        if let login = refusedElevated { return ended(login, challenge) }
        if let reply = replyWithoutElevated() { return reply }
        switch challenge {
        case .insufficientScope(let scopes)? where !scopes.isEmpty: return try await moreScopes(scopes)
        case .insufficientClaims(let claims)?: return try await demanded(claims)
        // Without a list, what would suffice is not known; some services learn of new rights with a new token.
        case .insufficientScope?, .invalidToken?, .useNonce?, .other?, .stepUp?, nil: return try await renew()
        }
    }

    /// Renews the token as after its expiry, at most once in a minute. `claims` are those that the service demands.
    func renew(claims: String? = nil) async throws(Problem) -> TokenRejectionReply {
        let request = try limits.narrowed(rejected.request, to: account.vault.loginScope, name)
        try requireHeldWithinBound(request.target)
        var isRefused: (@Sendable (SecretBytes) -> Bool)?
        if let digest = rejected.digest { isRefused = { $0.hasDigest(digest) } }
        let rejection: Rejection
        do throws(TokenFailure) {
            rejection = try await account.vault.reject(request.target, claims: claims, isRefused: isRefused)
        } catch {
            throw Problem(error, account: name)
        }
        try requireHeldWithinBound(request.target)
        switch rejection {
        case .renewed: return TokenRejectionReply(account: name, result: .renewed)
        case .kept(let reason):
            return TokenRejectionReply(account: name, result: .kept, reason: reason.rawValue, note: reason.note)
        case .claimsRefused: return claimsRefused(claims)
        }
    }

    private func requireHeldWithinBound(_ target: TokenTarget?) throws(Problem) {
        guard let held = account.vault.heldToken(for: target) else { return }
        try limits.requireWithinBound(held, account.settings, name)
    }
}

/// The tokens of elevated logins.
extension RejectionAnswer {
    /// The elevated login whose token was refused; `nil` if it was another token.
    var refusedElevated: ElevatedLogin? {
        if let digest = rejected.digest { return elevatedLogins.first { $0.token.secret.hasDigest(digest) } }
        return elevated(in: rejected.request.acrValues)
    }

    /// Those that the caller may know of, the newest first.
    var elevatedLogins: [ElevatedLogin] { rejected.mayBeElevated ? account.vault.elevatedLogins : [] }

    private func elevated(in contexts: [String]) -> ElevatedLogin? {
        let logins = elevatedLogins
        return contexts.lazy.compactMap { context in logins.first { $0.context == context } }.first
    }

    /// The reply for the token of an elevated login, which is not renewed.
    private func ended(_ login: ElevatedLogin, _ challenge: TokenChallenge?) -> TokenRejectionReply {
        var command = LoginCommandLine(name, acrValues: [login.context], isElevated: true)
        let reason: String
        switch challenge {
        case .insufficientScope(let scopes)?:
            if !scopes.isEmpty { command.scopes = union(scopes) }
            reason = "insufficient_scope"
        case .insufficientClaims(let claims)?:
            command.claims = claims
            reason = "insufficient_claims"
        case .invalidToken?, .useNonce?, .other?, .stepUp?, nil: reason = "invalid_token"
        }
        return stepUp(reason, "the token of an elevated login was rejected, and it is not renewed", command)
    }

    /// The reply if a request with these `acr` gets another token than the refused one, or none; `nil` if it gets that of
    /// the account's own login.
    private func replyWithoutElevated() -> TokenRejectionReply? {
        let contexts = rejected.request.acrValues
        guard !contexts.isEmpty else { return nil }
        if let login = elevated(in: contexts) {
            return TokenRejectionReply(
                account: name, result: .kept, reason: Rejection.Reason.anotherToken.rawValue,
                note: Rejection.Reason.anotherToken.note, acr: login.context)
        }
        if let own = account.vault.identity?.authentication.context, contexts.contains(own) { return nil }
        return stepUp(
            "step_up_required", "the elevated login has ended",
            LoginCommandLine(name, acrValues: contexts, isElevated: true))
    }
}

extension Rejection.Reason {
    fileprivate var note: String {
        switch self {
        case .anotherToken: "the token was not renewed: another one was rejected"
        case .renewedLately: "the token was not renewed: the last renewal was less than a minute ago"
        case .sameToken: "the provider has answered the renewal with the same token"
        }
    }
}
