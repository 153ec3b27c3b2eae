package import AgentAPI

/// Requests for a token, of any slot.
extension AccountState {
    package enum Decision: Sendable, Equatable {
        case serve(ServedToken)
        case fail(TokenFailure)
        case refresh(Credential)
        /// The last refresh failed: no client waits for the next one while the token is still valid.
        case serveAndRefresh(ServedToken, Credential)
        case read
    }

    /// Decides a request for a token that is valid for `minimumValidity`. `user`: other than the owner, whose refused
    /// targets count apart. `needsIDToken` demands the same of the ID
    /// token, which only the slot without a target has.
    package mutating func tokenRequested(
        for target: TokenTarget?, by user: UInt32? = nil, minimumValidity: Duration, needsIDToken: Bool,
        at now: ContinuousClock.Instant
    ) -> Decision {
        if let failure = recordRequest(at: now) { return .fail(failure) }
        let decision = accessTokenRequested(for: target, by: user, minimumValidity: minimumValidity, at: now)
        if case .fail(.loginRequired(.noRefreshToken)) = decision { reportMissingRefreshToken() }
        guard needsIDToken else { return decision }
        switch decision {
        case .serve(let served): return idTokenRequested(with: served, minimumValidity: minimumValidity, at: now)
        case .serveAndRefresh(let served, let credential):
            return served.token.idToken?.isValid(at: now) == true ? decision : .refresh(credential)
        case .fail, .refresh, .read: return decision
        }
    }

    /// Whether the login's own token is valid for that long, and may be served.
    func hasFreshToken(minimumValidity: Duration, at now: ContinuousClock.Instant) -> Bool {
        guard lock.reason(at: now) == nil, case .active = login, let token = slots.own.token else { return false }
        return Freshness.of(token, minimumValidity: minimumValidity, at: now) == .fresh
    }

    private mutating func accessTokenRequested(
        for target: TokenTarget?, by user: UInt32?, minimumValidity: Duration, at now: ContinuousClock.Instant
    ) -> Decision {
        // Most requests find a fresh token: the credential is not even copied for them.
        if case .active = login, let token = slots.use(target)?.token,
            Freshness.of(token, minimumValidity: minimumValidity, at: now) == .fresh
        {
            return .serve(ServedToken(token, at: now, note: nil))
        }
        switch login {
        case .unread: return .read
        case .signedOut(let reason): return .fail(.loginRequired(reason))
        case .dead(_, let reason):
            guard let token = slots[target]?.token,
                Freshness.of(token, minimumValidity: minimumValidity, at: now) == .fresh
            else { return .fail(.loginRequired(current(reason))) }
            return .serve(ServedToken(token, at: now, note: nil))
        case .active(let credential):
            guard let token = slots[target]?.token else {
                return refreshOrFail(credential, for: target, by: user, at: now)
            }
            switch Freshness.of(token, minimumValidity: minimumValidity, at: now) {
            case .fresh: return .serve(ServedToken(token, at: now, note: nil))
            case .shortLived: return .serve(ServedToken(token, at: now, note: .providerTokensAreShorter))
            case .stale:
                let decision = refreshOrFail(credential, for: target, by: user, at: now)
                guard lastFailure(for: target) != nil, let served = servedDespiteFailure(for: target, at: now)
                else { return decision }
                if case .refresh = decision { return .serveAndRefresh(served, credential) }
                return .serve(served)
            }
        }
    }

    /// The answer for a client that has waited for a refresh, which may have failed.
    package mutating func answerAfterRefresh(
        for target: TokenTarget?, by user: UInt32? = nil, minimumValidity: Duration, needsIDToken: Bool,
        at now: ContinuousClock.Instant
    ) -> Result<ServedToken, TokenFailure> {
        let decision = tokenRequested(
            for: target, by: user, minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now)
        switch decision {
        case .serve(let token), .serveAndRefresh(let token, _): return .success(token)
        case .fail(let failure): return .failure(failure)
        case .refresh, .read:
            // One attempt for one request: its result is the answer.
            if let served = servedDespiteFailure(for: target, at: now),
                !needsIDToken || served.token.idToken?.isValid(at: now) == true
            {
                return .success(served)
            }
            return .failure(
                failure(for: target, at: now) ?? .providerUnreachable(detail: "the refresh brought no usable token"))
        }
    }

    /// Decides whether to refresh now. During a back-off, be it the target's or the login's, the answer is its failure.
    func refreshOrFail(
        _ credential: Credential, for target: TokenTarget?, by user: UInt32? = nil, at now: ContinuousClock.Instant
    ) -> Decision {
        func refused(_ reason: TargetRefusal.Reason, _ target: TokenTarget) -> Decision {
            .fail(.targetRefused(TargetRefusal(reason, missing: target.scopes, loginScope: credential.scope)))
        }
        guard credential.isRenewable else {
            return target.map { refused(.noRefreshToken, $0) } ?? .fail(.loginRequired(current(.noRefreshToken)))
        }
        if let target {
            let slot = slots[target]
            if let failure = slot?.failure, let notBefore = slot?.backoff.clientNotBefore, now < notBefore {
                return .fail(failure)
            }
            guard slot != nil || slots.takesNewTarget(by: user, at: now) else {
                return refused(.tooManyRefused, target)
            }
        }
        let notBefore = slots.own.backoff.clientNotBefore
        if let failure = failure(for: nil, at: now), let notBefore, now < notBefore { return .fail(failure) }
        return .refresh(credential)
    }

    /// Why the last refresh for the target failed, or else the login's last refresh.
    func lastFailure(for target: TokenTarget?) -> TokenFailure? { slots[target]?.failure ?? slots.own.failure }

    /// During an outage a token that is still valid is served; an expired one never is.
    private func servedDespiteFailure(for target: TokenTarget?, at now: ContinuousClock.Instant) -> ServedToken? {
        guard let token = slots[target]?.token, token.isValid(at: now) else { return nil }
        let note = lastFailure(for: target).map(ServedToken.Note.renewalFailed) ?? .providerTokensAreShorter
        return ServedToken(token, at: now, note: note)
    }
}
