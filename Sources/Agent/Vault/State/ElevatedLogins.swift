public import SecretMemory

/// A login with a named authentication context, beside the account's login. Never written to a store, and not renewed: a
/// renewal is not a new authentication (RFC 9470 §6.1).
public struct ElevatedLogin: Sendable {
    public let token: AccessToken
    /// Only for the revocation at a logout.
    public let refreshToken: SecretBytes?
    public let client: AccountVault.GrantedClient
    /// From the verified ID token.
    public let identity: Identity
    /// The authentication context, `acr`, that the ID token names.
    public let context: String

    public init(
        token: AccessToken, refreshToken: SecretBytes?, client: AccountVault.GrantedClient, identity: Identity,
        context: String
    ) {
        self.token = token
        self.refreshToken = refreshToken
        self.client = client
        self.identity = identity
        self.context = context
    }

    /// In seconds since 1970; `nil` if the provider does not report it.
    public var authenticatedAt: Int? { identity.authentication.time }
}

/// The elevated logins of one account, one at most for each authentication context. Pure: time is a parameter.
///
/// They end with the expiry of their tokens, and with a logout of the account or another person's login; a lock drops
/// them. Only a logout revokes them: some providers end every login of the client and the person with one.
package struct ElevatedLogins: Sendable {
    /// More contexts than a provider has; each login needs a person.
    static let limit = 8

    /// The newest first.
    private var logins: [ElevatedLogin] = []

    package init() {}

    package mutating func add(_ login: ElevatedLogin) {
        logins.removeAll { $0.context == login.context }
        logins.insert(login, at: 0)
        logins = Array(logins.prefix(Self.limit))
    }

    package mutating func dropExpired(at now: ContinuousClock.Instant) {
        logins.removeAll { !$0.token.isValid(at: now) }
    }

    package func valid(at now: ContinuousClock.Instant) -> [ElevatedLogin] {
        logins.filter { $0.token.isValid(at: now) }
    }

    /// When the next one expires.
    var nextEnd: ContinuousClock.Instant? { logins.compactMap(\.token.expiresAt).min() }

    /// Returns the login's token with that context; `nil` without one that lives long enough.
    package func token(
        in context: String, minimumValidity: Duration, at now: ContinuousClock.Instant
    ) -> (login: ElevatedLogin, served: ServedToken)? {
        guard let login = logins.first(where: { $0.context == context }), login.token.isValid(at: now) else {
            return nil
        }
        switch Freshness.of(login.token, minimumValidity: minimumValidity, at: now) {
        case .fresh: return (login, ServedToken(login.token, at: now, note: nil))
        case .shortLived: return (login, ServedToken(login.token, at: now, note: .providerTokensAreShorter))
        case .stale: return nil
        }
    }
}
