package import AgentAPI
package import OAuth

/// Results of refreshes, of any slot, and the end that a provider makes of a login.
extension AccountState {
    /// The provider has answered a refresh: this is the credential from now on, whether its token is served or not.
    package mutating func rotated(_ credential: Credential, version: UInt64, grantedAt: ContinuousClock.Instant) {
        guard version == self.version else { return }
        activate(credential)
        lastGrant = grantedAt
        (doubts.mayBeSpent, doubts.wasInterrupted) = (false, false)
    }

    /// A refresh brought a token that may be served. `missing` is why it came without an ID token.
    package mutating func renewed(
        _ target: TokenTarget?, _ token: AccessToken, _ credential: Credential, missing: NoIDToken?, version: UInt64,
        grantedAt: ContinuousClock.Instant, at now: ContinuousClock.Instant, jitter: Double
    ) {
        guard version == self.version else { return }
        activate(credential)
        var token = token
        if target == nil {
            // A renewal need not bring an ID token (OpenID Connect Core 1.0 §12.2): the old one lasts until it expires.
            token.idToken = token.idToken ?? slots.own.token?.idToken
            idTokenMissing(missing, at: now)
            resetAfterSuccess(grantedAt: grantedAt)
        }
        reportRefresh(token)
        slots.renewed(target, token, at: grantedAt, jitter: jitter)
    }

    /// A login or a refresh of its own token has succeeded.
    mutating func resetAfterSuccess(grantedAt: ContinuousClock.Instant) {
        lastGrant = grantedAt
        doubts = RefreshTokenDoubts()
        notices.isDemandReported = false
    }

    /// A refresh brought a token that must not be used. The login stays as it was, with the new refresh token.
    mutating func quarantined(
        _ target: TokenTarget?, _ refusal: IdentityRefusal, keeping credential: Credential, version: UInt64,
        at now: ContinuousClock.Instant, jitter: Double
    ) {
        guard version == self.version else { return }
        activate(credential)
        refreshFailed(
            target, .identityRefused(refusal), retryAfter: nil, version: version, at: now, jitter: jitter)
    }

    /// A refresh brought no answer that can be read: the next answer shows whether the refresh token is spent.
    mutating func unanswered() { doubts.mayBeSpent = true }

    /// The provider ends every access token of a login at each refresh, as GitLab does.
    mutating func tokensEnded(version: UInt64, at now: ContinuousClock.Instant) {
        guard version == self.version else { return }
        slots.endAll(at: now)
    }

    /// A refresh failed. Only a failure of the login's own token can end the login. `isUnsent` as for a slot.
    package mutating func refreshFailed(
        _ target: TokenTarget?, _ failure: TokenFailure, retryAfter: Duration?,
        obstacle: RefreshReply.Obstacle = .unknown, isUnsent: Bool = false, version: UInt64,
        at now: ContinuousClock.Instant, jitter: Double
    ) {
        guard version == self.version else { return }
        let isDoubt = target == nil && countDoubt(failure)
        let retryAfter = isDoubt ? max(retryAfter ?? .zero, Self.rejectionGap) : retryAfter
        slots.failed(
            target, failure, retryAfter: retryAfter, obstacle: obstacle, isUnsent: isUnsent, at: now, jitter: jitter
        )
        reportFailure(for: target, at: now)
        guard target == nil, doubts.rejections > 0, case .active(let credential) = login else { return }
        if doubts.wasInterrupted {
            // After an interrupted rotation one refusal is enough; further attempts would bring nothing.
            end(credential, .rotationLost)
        } else if doubts.rejections >= Self.rejectionsThatEndALogin {
            end(credential, .providerRejected)
        }
    }

    /// Counts a failure that may mean a dead grant; false if it does not.
    private mutating func countDoubt(_ failure: TokenFailure) -> Bool {
        switch failure {
        case .providerRejected: doubts.rejections += 1
        case .clientRefused(let code, _) where ProviderError.mayMeanDeadGrant(code: code): doubts.doubtfulErrors += 1
        default: return false
        }
        return true
    }

    /// Why the last refresh failed, as of this moment: an error that blames the client or the request demands a new
    /// login once it has come three times and no valid token is left.
    func failure(for target: TokenTarget?, at now: ContinuousClock.Instant) -> TokenFailure? {
        if target != nil, let failure = slots[target]?.failure { return failure }
        let own = slots.own
        guard case .clientRefused(let code, let detail)? = own.failure, ProviderError.mayMeanDeadGrant(code: code),
            doubts.doubtfulErrors >= Self.doubtsThatDemandALogin, own.token?.isValid(at: now) != true
        else { return own.failure }
        return .loginDemanded(.providerRejected, detail: detail.map { "\(code): \($0)" } ?? code)
    }

    /// The provider has confirmed the end of the login; `credential` is what is kept of it.
    mutating func died(_ credential: Credential, _ reason: LoginRequiredReason, version: UInt64) {
        guard version == self.version else { return }
        notices.news.append(.refreshFailed(.loginRequired(reason)))
        end(credential, reason)
    }

    /// The client has expired by this machine's clock, and the provider refuses it. The credential stays as it is: if
    /// the clock was wrong, a restart continues with it.
    mutating func clientExpired(version: UInt64) {
        guard version == self.version, case .active(let credential) = login else { return }
        notices.news.append(.refreshFailed(.loginRequired(.clientExpired)))
        end(credential, .clientExpired)
    }

    /// What a confirmed `invalid_grant` means at this moment.
    var reasonOfDeath: LoginRequiredReason { doubts.mayBeSpent ? .rotationLost : .grantExpired }

    private mutating func end(_ credential: Credential, _ reason: LoginRequiredReason) {
        beginVersion()
        login = .dead(credential, reason)
        generation = max(generation, credential.generation)
        slots.loginEnded(.loginRequired(reason))
        notices.news.append(.loginRequired(reason))
    }
}
