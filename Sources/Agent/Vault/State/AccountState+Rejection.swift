package import AgentAPI
package import SecretMemory

/// Tokens that a service has refused.
extension AccountState {
    package enum RejectionDecision: Equatable {
        case keep(Rejection.Reason)
        case fail(TokenFailure)
        case read
        case refresh(Credential)
    }

    /// The token in memory for this target; `nil` for a target is the login's own.
    package func heldToken(for target: TokenTarget?) -> AccessToken? {
        if let target { targeted[target]?.token } else { token }
    }

    private func replacedAt(for target: TokenTarget?) -> ContinuousClock.Instant? {
        if let target { targeted[target]?.replacedAt } else { replacedAt }
    }

    /// A client reports a refused token. Without `isRefused` it does not know which one it was.
    package mutating func tokenRejected(
        for target: TokenTarget?, isRefused: ((SecretBytes) -> Bool)?, at now: ContinuousClock.Instant
    ) -> RejectionDecision {
        if let failure = lockedNow(at: now) { return .fail(failure) }
        let held = heldToken(for: target)
        // With nothing in memory, the next request for a token brings another one in any case.
        let isAnother = isRefused.map { isRefused in held.map { !isRefused($0.secret) } ?? true } ?? false
        switch login {
        case .unread: return .read
        case .signedOut(let reason): return .fail(.loginRequired(reason))
        case .dead(_, let reason):
            return isAnother && held != nil ? .keep(.anotherToken) : .fail(.loginRequired(reason))
        case .active(let credential):
            if isAnother { return .keep(.anotherToken) }
            if let replacedAt = replacedAt(for: target), now < replacedAt + Rejection.gap {
                return .keep(.renewedLately)
            }
            return renewal(of: credential, for: target, at: now)
        }
    }

    private mutating func renewal(
        of credential: Credential, for target: TokenTarget?, at now: ContinuousClock.Instant
    ) -> RejectionDecision {
        let decision: Decision
        if let target {
            decision = refreshOrFail(credential, target, targeted.use(target), at: now)
        } else {
            decision = refreshOrFail(credential, at: now)
        }
        switch decision {
        case .refresh(let credential), .serveAndRefresh(_, let credential): return .refresh(credential)
        case .fail(let failure): return .fail(failure)
        case .read, .serve: return .read
        }
    }

    /// The answer after the refresh; `refused` is what memory held before it.
    package mutating func answerAfterRejection(
        for target: TokenTarget?, of refused: SecretBytes?, at now: ContinuousClock.Instant
    ) -> Result<Rejection, TokenFailure> {
        switch login {
        case .signedOut(let reason), .dead(_, let reason): return .failure(.loginRequired(reason))
        case .unread, .active: break
        }
        if let token = heldToken(for: target), token.secret != refused {
            if let target { targeted.replaced(target, at: now) } else { replacedAt = now }
            return .success(.renewed)
        }
        if let target, let failure = targeted[target]?.failure { return .failure(failure) }
        if let lastFailure { return .failure(lastFailure) }
        guard heldToken(for: target) != nil else {
            return .failure(.providerUnreachable(detail: "the refresh brought no usable token"))
        }
        return .success(.kept(.sameToken))
    }
}
