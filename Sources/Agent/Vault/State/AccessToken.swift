internal import OAuth
public import SecretMemory

/// An access token in memory. It is never written to a store unless it is itself the credential.
public struct AccessToken: Sendable, Equatable {
    public let secret: SecretBytes
    /// As RFC 6749 §7.1 names it; `Bearer`.
    public let type: String
    /// What the provider's reply named, or what was asked for if it named nothing.
    public let scope: [String]
    public let scopeOrigin: ScopeOrigin
    /// Counted from before the request was sent, so that the provider's clock is never behind ours. Nil: no expiry.
    public private(set) var expiresAt: ContinuousClock.Instant?
    /// How long the provider lets its tokens live; nil when they do not expire.
    public let lifetime: Duration?
    /// Whether the provider named no lifetime, so that ours is a guess and is not shown to anybody.
    public let isLifetimeAssumed: Bool
    /// What the login could do once, and this token cannot.
    public internal(set) var lostScope: [String] = []
    /// The newest verified ID token of the login, which may be older than this access token.
    public internal(set) var idToken: HeldIDToken?

    /// For a provider that issues refresh tokens but names no lifetime (RFC 6749 §5.1 only recommends `expires_in`):
    /// short enough to be right nearly everywhere, long enough not to refresh on every call.
    public static let assumedLifetime: Duration = .seconds(600)

    /// A token that lives for `lifetime` from the moment it was asked for; with nil it never expires.
    public init(
        secret: SecretBytes, type: String, scope: [String], origin: ScopeOrigin,
        requestedAt: ContinuousClock.Instant, lifetime: Duration?, isLifetimeAssumed: Bool = false
    ) {
        self.secret = secret
        self.type = type
        self.scope = scope
        scopeOrigin = origin
        self.lifetime = lifetime
        self.isLifetimeAssumed = isLifetimeAssumed
        expiresAt = lifetime.map { requestedAt + $0 }
    }

    /// A token that never expires.
    public init(lasting secret: SecretBytes, type: String, scope: [String], origin: ScopeOrigin) {
        self.secret = secret
        self.type = type
        self.scope = scope
        scopeOrigin = origin
        lifetime = nil
        isLifetimeAssumed = false
        expiresAt = nil
    }

    /// Whole seconds of life left, rounded down; nil when the token does not expire or nobody knows when.
    public func secondsLeft(at now: ContinuousClock.Instant) -> Int? {
        guard let expiresAt, !isLifetimeAssumed else { return nil }
        return max(0, Int((expiresAt - now).components.seconds))
    }

    /// The provider has ended it before its time.
    mutating func end(at now: ContinuousClock.Instant) { expiresAt = min(expiresAt ?? now, now) }

    public func isValid(at now: ContinuousClock.Instant) -> Bool { expiresAt.map { now < $0 } ?? true }
}

extension AccessToken {
    /// The token of a grant. A grant with neither a lifetime nor a refresh token never expires, as far as anybody
    /// can tell (GitHub's OAuth apps).
    ///
    /// `credential` is what the login was before the grant; nil for the grant of the login itself.
    init(
        _ grant: TokenGrant, scope: [String], of credential: Credential? = nil,
        requestedAt: ContinuousClock.Instant, isRenewable: Bool
    ) {
        let named = grant.expiresIn.map { Duration.seconds($0) }
        self.init(
            secret: grant.accessToken,
            type: grant.tokenType,
            scope: scope,
            origin: ScopeOrigin(grant, of: credential),
            requestedAt: requestedAt,
            lifetime: named ?? (isRenewable ? Self.assumedLifetime : nil),
            isLifetimeAssumed: named == nil && isRenewable
        )
    }
}
