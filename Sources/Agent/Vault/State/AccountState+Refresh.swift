internal import OAuth

/// What comes of refreshes, and the end that a provider makes of a login.
extension AccountState {
    /// A refresh brought a new token. `credential` is what the store holds, or will hold, from now on.
    package mutating func renewed(
        _ credential: Credential, token: AccessToken, version: UInt64, grantedAt: ContinuousClock.Instant,
        jitter: Double
    ) {
        guard version == self.version else { return }
        login = .active(credential)
        generation = max(generation, credential.generation)
        var token = token
        // A renewal need not bring a new ID token (OpenID Connect Core 1.0 §12.2): the old one is good until it expires.
        token.idToken = token.idToken ?? self.token?.idToken
        if self.token != nil { replacedAt = grantedAt }
        tell(of: token)
        succeeded(token: token, grantedAt: grantedAt, jitter: jitter)
    }

    /// A refresh brought a token that is not to be used. What is kept is the login as it was, with the refresh token
    /// of the moment.
    package mutating func quarantined(
        _ refusal: IdentityRefusal, keeping credential: Credential, version: UInt64, at now: ContinuousClock.Instant,
        jitter: Double
    ) {
        guard version == self.version else { return }
        login = .active(credential)
        generation = max(generation, credential.generation)
        refreshFailed(.identityRefused(refusal), retryAfter: nil, version: version, at: now, jitter: jitter)
    }

    /// The provider has answered a refresh, and maybe replaced the refresh token: whatever becomes of the answer, this is
    /// the credential from now on.
    package mutating func rotated(_ credential: Credential, version: UInt64, grantedAt: ContinuousClock.Instant) {
        guard version == self.version else { return }
        login = .active(credential)
        generation = max(generation, credential.generation)
        lastGrant = grantedAt
        (isPerhapsSpent, wasInterrupted) = (false, false)
    }

    /// A refresh request brought no answer that can be read: the next answer tells whether the token is spent.
    package mutating func unanswered() { isPerhapsSpent = true }

    mutating func succeeded(token: AccessToken?, grantedAt: ContinuousClock.Instant, jitter: Double) {
        self.token = token
        renewal = token.flatMap { Freshness.renewal(of: $0, jitter: jitter) }
        isInUse = false
        lastGrant = grantedAt
        lastFailure = nil
        (isPerhapsSpent, wasInterrupted) = (false, false)
        backoff.succeeded()
        (rejections, grantDoubts, isToldOfDemand) = (0, 0, false)
    }

    /// A refresh failed without ending the login.
    package mutating func refreshFailed(
        _ failure: TokenFailure, retryAfter: Duration?, version: UInt64, at now: ContinuousClock.Instant,
        jitter: Double
    ) {
        guard version == self.version else { return }
        lastFailure = failure
        // A minute at least: three of them must outlast a gateway that is being restarted.
        let longWait = max(retryAfter ?? .zero, Self.rejectionGap)
        switch failure {
        case .providerRejected:
            rejections += 1
            backoff.failed(at: now, retryAfter: longWait, definite: true, jitter: jitter)
        case .clientRefused(let code, _) where ProviderError.mayMeanDeadGrant(code: code):
            grantDoubts += 1
            backoff.failed(at: now, retryAfter: longWait, definite: true, jitter: jitter)
        case .clientRefused, .configuration, .identityRefused, .loginDemanded, .providerChanged:
            backoff.failed(at: now, retryAfter: retryAfter, definite: true, jitter: jitter)
        case .locked, .loginRequired, .store, .providerUnreachable, .noIDToken, .targetRefused:
            backoff.failed(at: now, retryAfter: retryAfter, definite: false, jitter: jitter)
        }
        tellOfFailure(at: now)
        guard rejections > 0, case .active(let credential) = login else { return }
        if wasInterrupted {
            // Together with the death of the process that spent it, one refusal says enough, and tries no more.
            end(credential, .rotationLost)
        } else if rejections >= Self.rejectionsThatEndALogin {
            end(credential, .providerRejected)
        }
    }

    /// Why the last refresh failed, as it is at this moment: an error that blames the client or the request demands a new
    /// login once it has come three times and there is no valid token left.
    package func failure(at now: ContinuousClock.Instant) -> TokenFailure? {
        guard case .clientRefused(let code, let detail)? = lastFailure, ProviderError.mayMeanDeadGrant(code: code),
            grantDoubts >= Self.doubtsThatDemandALogin, token?.isValid(at: now) != true
        else { return lastFailure }
        return .loginDemanded(.providerRejected, detail: detail.map { "\(code): \($0)" } ?? code)
    }

    private mutating func tellOfFailure(at now: ContinuousClock.Instant) {
        guard let failure = failure(at: now) else { return }
        news.append(.refreshFailed(failure))
        guard case .loginDemanded(let reason, _) = failure, !isToldOfDemand else { return }
        isToldOfDemand = true
        news.append(.loginRequired(reason))
    }

    /// The provider confirmed the end of the login; `credential` is what is kept of it.
    package mutating func died(_ credential: Credential, _ reason: LoginRequiredReason, version: UInt64) {
        guard version == self.version else { return }
        news.append(.refreshFailed(.loginRequired(reason)))
        end(credential, reason)
    }

    /// The client has expired by our clock, and the provider refuses it. The credential stays as it is: should the
    /// clock be wrong, a restart goes on with it.
    package mutating func clientExpired(version: UInt64) {
        guard version == self.version, case .active(let credential) = login else { return }
        news.append(.refreshFailed(.loginRequired(.clientExpired)))
        end(credential, .clientExpired)
    }

    /// What a confirmed `invalid_grant` means at this moment.
    package var reasonOfDeath: LoginRequiredReason { isPerhapsSpent ? .rotationLost : .grantExpired }

    mutating func end(_ credential: Credential, _ reason: LoginRequiredReason) {
        version += 1
        login = .dead(credential, reason)
        generation = max(generation, credential.generation)
        renewal = nil
        lastFailure = .loginRequired(reason)
        news.append(.loginRequired(reason))
    }
}
