package import AgentAPI

/// Tokens with another target than the login's own.
extension AccountState {
    /// A client asks for a token with this target; without one, for the login's own.
    package mutating func tokenRequested(
        for target: TokenTarget?, minimumValidity: Duration, needsIDToken: Bool, at now: ContinuousClock.Instant
    ) -> Decision {
        guard let target else {
            return tokenRequested(minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now)
        }
        if let failure = lockedNow(at: now) { return .fail(failure) }
        switch login {
        case .unread: return .read
        case .signedOut(let reason), .dead(_, let reason): return .fail(.loginRequired(reason))
        case .active(let credential):
            let entry = targeted.use(target)
            guard let token = entry?.token else { return refreshOrFail(credential, target, entry, at: now) }
            switch Freshness.of(token, minimumValidity: minimumValidity, at: now) {
            case .fresh: return .serve(ServedToken(token, at: now, note: nil))
            case .shortLived: return .serve(ServedToken(token, at: now, note: .providerTokensAreShorter))
            case .stale:
                let decision = refreshOrFail(credential, target, entry, at: now)
                guard token.isValid(at: now), let failure = entry?.failure ?? lastFailure else { return decision }
                let served = ServedToken(token, at: now, note: .renewalFailed(failure))
                return decision == .refresh(credential) ? .serveAndRefresh(served, credential) : .serve(served)
            }
        }
    }

    /// The answer for a client that has waited for a refresh, which may have failed.
    package mutating func answerAfterRefresh(
        for target: TokenTarget?, minimumValidity: Duration, needsIDToken: Bool, at now: ContinuousClock.Instant
    ) -> Result<ServedToken, TokenFailure> {
        guard let target else {
            return answerAfterRefresh(minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now)
        }
        let decision = tokenRequested(
            for: target, minimumValidity: minimumValidity, needsIDToken: false, at: now
        )
        switch decision {
        case .serve(let token), .serveAndRefresh(let token, _): return .success(token)
        case .fail(let failure): return .failure(failure)
        case .refresh, .read:
            // One attempt for one request: whatever it brought is the answer.
            let entry = targeted.use(target)
            if let token = entry?.token, token.isValid(at: now) {
                return .success(ServedToken(token, at: now, note: .providerTokensAreShorter))
            }
            return .failure(
                entry?.failure ?? self.failure(at: now)
                    ?? .providerUnreachable(detail: "the refresh brought no usable token"))
        }
    }

    func refreshOrFail(
        _ credential: Credential, _ target: TokenTarget, _ entry: TargetedTokens.Entry?, at now: ContinuousClock.Instant
    ) -> Decision {
        guard credential.isRenewable else {
            return .fail(
                .targetRefused(
                    TargetRefusal(.noRefreshToken, missing: target.scopes, loginScope: credential.scope)))
        }
        if let failure = entry?.failure, let notBefore = entry?.backoff.clientNotBefore, now < notBefore {
            return .fail(failure)
        }
        guard entry != nil || targeted.takesNew(at: now) else {
            return .fail(
                .targetRefused(
                    TargetRefusal(.tooManyRefused, missing: target.scopes, loginScope: credential.scope)))
        }
        return refreshOrFail(credential, at: now)
    }

    package mutating func targetRenewed(
        _ target: TokenTarget, _ token: AccessToken, version: UInt64, at now: ContinuousClock.Instant
    ) {
        guard version == self.version else { return }
        tell(of: token)
        targeted.renewed(target, token, at: now)
    }

    package mutating func targetFailed(
        _ target: TokenTarget, _ failure: TokenFailure, retryAfter: Duration? = nil, version: UInt64,
        at now: ContinuousClock.Instant, jitter: Double
    ) {
        guard version == self.version else { return }
        news.append(.refreshFailed(failure))
        targeted.failed(target, failure, retryAfter: retryAfter, at: now, jitter: jitter)
    }

    /// A refresh has ended the tokens that came before it (GitLab), also those that it did not renew. The ID token is
    /// none of them, so the login's own token stays to hold it, as one that has expired.
    package mutating func tokensEnded(version: UInt64, at now: ContinuousClock.Instant) {
        guard version == self.version else { return }
        targeted.endTokens()
        endOwnToken(at: now)
    }

    /// The account's settings have changed: the same words may mean something else now.
    package mutating func forgetTargets() { targeted = TargetedTokens() }
}
