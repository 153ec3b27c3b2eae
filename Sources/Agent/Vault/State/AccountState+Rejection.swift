internal import AgentAPI
internal import SecretMemory

/// Tokens that a service has refused.
extension AccountState {
    enum RejectionDecision: Equatable {
        case keep(Rejection.Reason)
        case refuseClaims
        case fail(TokenFailure)
        case read
        case refresh(Credential)
    }

    /// A refresh with claims that a service has demanded, and how the provider has answered it.
    struct ClaimsRequest: Equatable {
        var claims: String
        var isRefused: Bool
        var at: ContinuousClock.Instant
    }

    /// Decides a client's report of a refused token. Without `isRefused` the client does not know which one it was.
    /// `claims` is what the service demands of the token, as JSON.
    mutating func tokenRejected(
        for target: TokenTarget?, isRefused: ((SecretBytes) -> Bool)?, claims: String? = nil,
        at now: ContinuousClock.Instant
    ) -> RejectionDecision {
        if let failure = recordRequest(at: now) { return .fail(failure) }
        let held = slots[target]?.token
        // With nothing in memory, the next request for a token brings another one in any case.
        let isAnother = isRefused.map { isRefused in held.map { !isRefused($0.secret) } ?? true } ?? false
        switch login {
        case .unread: return .read
        case .signedOut(let reason): return .fail(.loginRequired(reason))
        case .dead(_, let reason):
            return isAnother && held != nil ? .keep(.anotherToken) : .fail(.loginRequired(current(reason)))
        case .active(let credential):
            if isAnother { return .keep(.anotherToken) }
            if let claims {
                if let early = decisionWithinGap(for: claims, isTokenKnown: isRefused != nil, at: now) { return early }
            } else if let replacedAt = slots[target]?.replacedAt, now < replacedAt + Rejection.gap {
                return .keep(.renewedLately)
            }
            switch refreshOrFail(credential, for: target, at: now) {
            case .refresh(let credential), .serveAndRefresh(_, let credential): return .refresh(credential)
            case .fail(let failure): return .fail(failure)
            case .read, .serve: return .read
            }
        }
    }

    /// The decision without a refresh, because there was one with demanded claims a moment ago; `nil` if there was none.
    private func decisionWithinGap(
        for claims: String, isTokenKnown: Bool, at now: ContinuousClock.Instant
    ) -> RejectionDecision? {
        guard let last = self.claims, now < last.at + Rejection.gap else { return nil }
        // The service refuses what has come for its own claims: another refresh would bring the same.
        if last.isRefused || (isTokenKnown && last.claims == claims) { return .refuseClaims }
        return .keep(.renewedLately)
    }

    /// The provider has answered a refresh with demanded claims.
    mutating func claimsRequested(
        _ claims: String, isRefused: Bool, version: UInt64, at now: ContinuousClock.Instant
    ) {
        guard version == self.version else { return }
        self.claims = ClaimsRequest(claims: claims, isRefused: isRefused, at: now)
    }

    /// The answer after the refresh; `refused` is the token that memory held before it.
    mutating func answerAfterRejection(
        for target: TokenTarget?, of refused: SecretBytes?, claims: String? = nil, at now: ContinuousClock.Instant
    ) -> Result<Rejection, TokenFailure> {
        switch login {
        case .signedOut(let reason): return .failure(.loginRequired(reason))
        case .dead(_, let reason): return .failure(.loginRequired(current(reason)))
        case .unread, .active: break
        }
        if let claims, let last = self.claims, last.isRefused, last.claims == claims {
            return .success(.claimsRefused)
        }
        let held = slots[target]?.token
        if let held, held.secret != refused {
            slots.markReplaced(target, at: now)
            return .success(.renewed)
        }
        if let failure = lastFailure(for: target) { return .failure(failure) }
        guard held != nil else {
            return .failure(.providerUnreachable(detail: "the refresh brought no usable token"))
        }
        return .success(.kept(.sameToken))
    }
}
