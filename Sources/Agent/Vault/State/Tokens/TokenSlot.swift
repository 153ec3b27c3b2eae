/// The token for one target, and how its last refresh went.
package struct TokenSlot: Sendable {
    package internal(set) var token: AccessToken?
    /// Why the last refresh failed; `nil` after a success.
    package internal(set) var failure: TokenFailure?
    package internal(set) var backoff = Backoff()
    /// When a refresh last replaced the token.
    var replacedAt: ContinuousClock.Instant?
    /// When to refresh ahead of expiry, if the token is in use; `nil` if it has a target.
    package internal(set) var renewalDue: ContinuousClock.Instant?
    /// Whether a client has requested the token since it came.
    package internal(set) var isInUse = false
}
