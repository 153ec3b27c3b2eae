public import OAuth

/// Credentials of a role in memory. Never written to a store.
public struct HeldRole: Sendable, Equatable {
    public let credentials: RoleCredentials
    /// On the agent's own clock, which is not AWS's.
    public let endsAt: ContinuousClock.Instant
    private let lifetime: Duration

    /// botocore renews credentials in the last 15 minutes, and in the last 10 waits for that.
    static let minimumValidity: Duration = .seconds(900)
    /// What remains of credentials that are served because AWS gives no newer ones.
    static let leastValidity: Duration = .seconds(60)

    /// `wall` is the time in seconds since 1970 where AWS's is not known.
    init(_ credentials: RoleCredentials, requestedAt: ContinuousClock.Instant, wall: Int) {
        self.credentials = credentials
        lifetime = .seconds(max(0, credentials.expiresAt - (credentials.issuedAt ?? wall)))
        endsAt = requestedAt + lifetime
    }

    /// Whether no newer ones are requested. Those of a quarter of an hour are served for a quarter of that.
    func isFresh(at now: ContinuousClock.Instant) -> Bool {
        endsAt - now > min(Self.minimumValidity, lifetime * 3 / 4)
    }

    func isUsable(at now: ContinuousClock.Instant) -> Bool { endsAt - now >= Self.leastValidity }
}
