package import AgentAPI

/// Requests for a token that is newer than the one that a client has.
extension AccountState {
    package enum NewerDecision: Sendable {
        /// The token in the slot is newer.
        case serve
        case fail(TokenFailure)
        /// The token has no expiry that a client could compare.
        case endless
        /// None so far. `wake`: when the account has to be looked at again, even if nothing has happened.
        case wait(TokenStamp, wake: ContinuousClock.Instant?)
    }

    /// Decides after a token has been requested. `expiry` is that of the client's token, as the client knows it, and `wall`
    /// the time, both in seconds since 1970; `first` is the state when the client's request came.
    package func newerToken(
        than expiry: Int, for target: TokenTarget?, since first: TokenStamp, at now: ContinuousClock.Instant,
        wall: Int, jitter: Double
    ) -> NewerDecision {
        if let failure = refusal(at: now) { return .fail(failure) }
        let stamp = stamp(of: target)
        guard let slot = slots[target], let token = slot.token else { return .wait(stamp, wake: nil) }
        guard let expiresAt = token.expiresAt, !token.isLifetimeAssumed else { return .endless }
        // Another token is newer than the one before it, although it may expire earlier: after a new login, or after a
        // service has refused the old one.
        if stamp.version != first.version || (first.number != nil && stamp.number != first.number) { return .serve }
        switch expiries.holder(of: expiry, for: target, stamp) {
        case .formerToken?: return .serve
        case .currentToken?: break
        // The agent has started since, or the client has made it up.
        case nil: if expiresAt - now >= .seconds(expiry - wall) + Self.rounding { return .serve }
        }
        // What can end the login is noticed at the latest when the token has expired.
        if case .loginDemanded? = failure(for: target, at: now) { return .fail(demand(at: now)) }
        return .wait(stamp, wake: wake(slot, token, expiresAt, for: target, at: now, jitter: jitter))
    }

    /// `expires_at` is cut to whole seconds twice, so those of one token differ by less than this.
    private static let rounding: Duration = .seconds(2)

    /// Why no other token will come; `nil` if one may come.
    private func refusal(at now: ContinuousClock.Instant) -> TokenFailure? {
        if let reason = lock.reason(at: now) { return .locked(reason) }
        switch login {
        case .signedOut(let reason): return .loginRequired(reason)
        case .dead(_, let reason): return .loginRequired(current(reason))
        case .unread(let failure): return failure.map { .store($0) }
        case .active: return nil
        }
    }

    private func demand(at now: ContinuousClock.Instant) -> TokenFailure {
        failure(for: nil, at: now) ?? .loginRequired(.interactionRequired)
    }

    /// The schedule renews the login's own token if it is in use, and no token with a target.
    private func wake(
        _ slot: TokenSlot, _ token: AccessToken, _ expiresAt: ContinuousClock.Instant, for target: TokenTarget?,
        at now: ContinuousClock.Instant, jitter: Double
    ) -> ContinuousClock.Instant? {
        guard case .active(let credential) = login, credential.isRenewable else { return expiresAt }
        guard target != nil else { return slot.renewalDue == nil ? expiresAt : nil }
        return Freshness.renewal(of: token, jitter: jitter)
    }

    package func stamp(of target: TokenTarget?) -> TokenStamp {
        let isActive = if case .active = login { !lock.isClosed } else { false }
        let isDemanded = if case .loginDemanded? = slots.own.failure { true } else { false }
        return TokenStamp(version: version, number: slots[target]?.number, isServed: isActive && !isDemanded)
    }
}

/// What a waiting request watches of an account.
package struct TokenStamp: Equatable, Sendable {
    /// The login, or its absence.
    package var version: UInt64
    /// The token; `nil` if nothing is known of the target.
    package var number: UInt64?
    /// Whether the account is unlocked and needs no login.
    package var isServed: Bool

    /// Whether a request that has seen this stamp has to look again. Not if its slot has only been forgotten: to fill
    /// it could push out another one that is waited for, and so on.
    func calls(for later: TokenStamp) -> Bool {
        version != later.version || isServed != later.isServed || (later.number != nil && later.number != number)
    }
}
