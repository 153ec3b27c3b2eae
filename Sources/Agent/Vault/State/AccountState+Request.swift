/// What a client gets, or what has to be done before it gets something.
extension AccountState {
    /// A client asks for a token that is valid for `minimumValidity`, and perhaps for an ID token that is as well.
    package mutating func tokenRequested(
        minimumValidity: Duration, needsIDToken: Bool = false, at now: ContinuousClock.Instant
    ) -> Decision {
        if let failure = lockedNow(at: now) { return .fail(failure) }
        let decision = accessTokenRequested(minimumValidity: minimumValidity, at: now)
        if case .fail(.loginRequired(.noRefreshToken)) = decision { tellOfNoRefreshToken() }
        guard needsIDToken else { return decision }
        switch decision {
        case .serve(let served): return idTokenRequested(with: served, minimumValidity: minimumValidity, at: now)
        case .serveAndRefresh(let served, let credential):
            return served.token.idToken?.isValid(at: now) == true ? decision : .refresh(credential)
        case .fail, .refresh, .read: return decision
        }
    }

    private mutating func accessTokenRequested(
        minimumValidity: Duration, at now: ContinuousClock.Instant
    ) -> Decision {
        // Most requests are for a token that is there: for them the credential is not even copied.
        if case .active = login, let token, Freshness.of(token, minimumValidity: minimumValidity, at: now) == .fresh {
            isInUse = true
            return .serve(ServedToken(token, at: now, note: nil))
        }
        switch login {
        case .unread: return .read
        case .signedOut(let reason): return .fail(.loginRequired(reason))
        case .active(let credential):
            guard let token else { return refreshOrFail(credential, at: now) }
            isInUse = true
            switch Freshness.of(token, minimumValidity: minimumValidity, at: now) {
            case .fresh: return .serve(ServedToken(token, at: now, note: nil))
            case .shortLived: return .serve(ServedToken(token, at: now, note: .providerTokensAreShorter))
            case .stale:
                let decision = refreshOrFail(credential, at: now)
                guard lastFailure != nil, let served = servedDespiteFailure(at: now) else { return decision }
                if case .refresh(let credential) = decision { return .serveAndRefresh(served, credential) }
                return .serve(served)
            }
        case .dead(_, let reason):
            if let token, Freshness.of(token, minimumValidity: minimumValidity, at: now) == .fresh {
                return .serve(ServedToken(token, at: now, note: nil))
            }
            return .fail(.loginRequired(reason))
        }
    }

    /// The answer for a client that has waited for a refresh, which may have failed.
    package mutating func answerAfterRefresh(
        minimumValidity: Duration, needsIDToken: Bool = false, at now: ContinuousClock.Instant
    ) -> Result<ServedToken, TokenFailure> {
        switch tokenRequested(minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now) {
        case .serve(let token), .serveAndRefresh(let token, _): .success(token)
        case .fail(let failure): .failure(failure)
        case .refresh, .read:
            // One attempt for one request: whatever it brought is the answer.
            if let served = servedDespiteFailure(at: now),
                !needsIDToken || served.token.idToken?.isValid(at: now) == true
            {
                .success(served)
            } else {
                .failure(failure(at: now) ?? .providerUnreachable(detail: "the refresh brought no usable token"))
            }
        }
    }

    func refreshOrFail(_ credential: Credential, at now: ContinuousClock.Instant) -> Decision {
        guard credential.isRenewable else { return .fail(.loginRequired(.noRefreshToken)) }
        if let failure = failure(at: now), let notBefore = backoff.clientNotBefore, now < notBefore {
            return .fail(failure)
        }
        return .refresh(credential)
    }

    /// During an outage a token that is still valid is served; an expired one never is.
    private func servedDespiteFailure(at now: ContinuousClock.Instant) -> ServedToken? {
        guard let token, token.isValid(at: now) else { return nil }
        return ServedToken(
            token, at: now, note: lastFailure.map(ServedToken.Note.renewalFailed) ?? .providerTokensAreShorter)
    }
}
