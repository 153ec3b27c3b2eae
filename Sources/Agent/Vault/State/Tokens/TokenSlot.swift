/// The token for one target, and how its last refresh went.
struct TokenSlot: Sendable {
    var token: AccessToken?
    /// Why the last refresh failed; `nil` after a success.
    var failure: TokenFailure?
    var backoff = Backoff()
    /// When a refresh last replaced the token.
    var replacedAt: ContinuousClock.Instant?
    /// When to refresh ahead of expiry, if the token is in use; `nil` if it has a target.
    var renewalDue: ContinuousClock.Instant?
    /// Whether a client has requested the token since it came.
    var isInUse = false
}
