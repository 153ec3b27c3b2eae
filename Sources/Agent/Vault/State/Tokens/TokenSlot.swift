/// The token for one target, and how its last refresh went.
package struct TokenSlot: Sendable {
    package internal(set) var token: AccessToken?
    /// Grows with every other token that comes to any slot of one version of the account; 0 before the first.
    var number: UInt64 = 0
    /// Why the last refresh failed; `nil` after a success.
    package internal(set) var failure: TokenFailure?
    package internal(set) var backoff = Backoff()
    /// When a refresh last replaced the token.
    var replacedAt: ContinuousClock.Instant?
    /// When a refresh last brought a token, also the first of this agent.
    var refreshedAt: ContinuousClock.Instant?
    /// When to refresh ahead of expiry, if the token is in use; `nil` if it has a target.
    package internal(set) var renewalDue: ContinuousClock.Instant?
    /// Whether a client has requested the token since it came.
    package internal(set) var isInUse = false
    /// Whether a client holds the token, so that it is not sent as an assertion that servers take a single time.
    var isHandedOut = false

    /// How long an outage lets the schedule wait, because the token is still valid: half of what a renewal comes ahead of
    /// the expiry. Zero if no token can wait.
    func pause(at now: ContinuousClock.Instant) -> Duration {
        guard case .providerUnreachable? = failure, let token, token.isValid(at: now), let expiresAt = token.expiresAt,
            let renewalDue
        else { return .zero }
        return (expiresAt - renewalDue) / 2
    }
}
