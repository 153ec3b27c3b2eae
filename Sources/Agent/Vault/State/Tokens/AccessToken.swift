public import OAuth
public import SecretMemory

/// An access token in memory. Written to a store only if it is itself the credential.
public struct AccessToken: Sendable, Equatable {
    public let secret: SecretBytes
    /// The token type (RFC 6749 §7.1): `Bearer`.
    public let type: String
    /// What an exchange has issued (RFC 8693 §2.2.1); `nil` for any other token.
    public private(set) var issuedType: TokenTypeIdentifier?
    /// The scopes that the provider's reply named, or the requested ones if it named none.
    public let scope: [String]
    public let scopeOrigin: ScopeOrigin
    /// Counted from before the request, so that the token never lives longer here than there; `nil` if it never expires.
    public private(set) var expiresAt: ContinuousClock.Instant?
    /// How long the provider lets its tokens live; `nil` if they do not expire.
    public let lifetime: Duration?
    /// Whether the provider named no lifetime: the assumed one is not shown.
    public let isLifetimeAssumed: Bool
    /// The scopes that the login once had, and this token has not.
    public internal(set) var lostScope: [String] = []
    /// The authorization details (RFC 9396) that the provider's reply named; `nil` if it named none.
    public internal(set) var details: AuthorizationDetails?
    /// The types of details that the token may have: those of the reply, else those of the login; `nil` if the reply's
    /// cannot be read.
    public internal(set) var detailTypes: [String]? = []
    /// The newest verified ID token of the login, which may be older than this access token.
    public internal(set) var idToken: HeldIDToken?

    /// For a provider that issues refresh tokens but names no lifetime (RFC 6749 §5.1 only recommends `expires_in`):
    /// short enough to be right nearly everywhere, long enough not to refresh on every call.
    public static let assumedLifetime: Duration = .seconds(600)

    /// Creates a token that lives for `lifetime` from the request; with `nil` it never expires.
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

    /// Creates a token that never expires.
    public init(lasting secret: SecretBytes, type: String, scope: [String], origin: ScopeOrigin) {
        self.secret = secret
        self.type = type
        self.scope = scope
        scopeOrigin = origin
        lifetime = nil
        isLifetimeAssumed = false
        expiresAt = nil
    }

    /// Returns the whole seconds left, rounded down; `nil` if the token does not expire, or its lifetime is assumed.
    public func secondsLeft(at now: ContinuousClock.Instant) -> Int? {
        guard let expiresAt, !isLifetimeAssumed else { return nil }
        return max(0, Int((expiresAt - now).components.seconds))
    }

    /// Ends the token before its expiry, as the provider has.
    mutating func end(at now: ContinuousClock.Instant) { expiresAt = min(expiresAt ?? now, now) }

    /// Takes the requested details for granted where the reply named none: it may have all of them.
    mutating func suppose(_ requested: AuthorizationDetails?) {
        if details == nil, detailTypes != nil, let requested { detailTypes = requested.types }
    }

    /// Whether the provider knows it as an access token that is valid.
    func isRevocable(at now: ContinuousClock.Instant) -> Bool {
        isValid(at: now) && type != TokenGrant.notAnAccessToken
    }

    public func isValid(at now: ContinuousClock.Instant) -> Bool { expiresAt.map { now < $0 } ?? true }
}

extension AccessToken {
    /// Creates the token of a grant. One with neither a lifetime nor a refresh token is taken to never expire, as those
    /// of GitHub's OAuth apps. `credential` is the login before the grant; `nil` for the grant of the login itself.
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
        issuedType = grant.issuedType
        details = grant.authorizationDetails
        if grant.areDetailsUnreadable {
            detailTypes = nil
        } else if let details {
            detailTypes = details.types
        } else if let credential {
            detailTypes = credential.detailTypes
        }
    }
}
