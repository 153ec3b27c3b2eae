public import SecretMemory

/// A verified ID token in memory, beside the access token that it came with. Never written to a store.
public struct HeldIDToken: Sendable, Equatable {
    public let secret: SecretBytes
    /// Counted from the moment of the check, so that a later step of the wall clock changes nothing.
    public let expiresAt: ContinuousClock.Instant
    let lifetime: Duration

    public init(secret: SecretBytes, checkedAt: ContinuousClock.Instant, secondsLeft: Int) {
        self.secret = secret
        lifetime = .seconds(secondsLeft)
        expiresAt = checkedAt + lifetime
    }

    public func isValid(at now: ContinuousClock.Instant) -> Bool { now < expiresAt }
}

/// Why there is no ID token to serve.
public enum NoIDToken: Sendable, Equatable {
    /// The login or the renewal brought none.
    case notIssued
    /// It has expired, and the provider sends none when tokens are renewed.
    case expired
    /// It cannot be verified here.
    case unverified(detail: String)
    /// This machine's clock and the provider's disagree.
    case untimely(detail: String)
}
