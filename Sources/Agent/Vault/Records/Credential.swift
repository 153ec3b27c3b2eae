public import AgentAPI
public import OAuth
public import SecretMemory

/// What makes an account's login durable: the grant and the client that holds it.
public struct Credential: Sendable, Equatable {
    public let account: AccountName
    /// Grows with each refresh token and each end of a login; of two records the one with the larger one is the newer.
    public var generation: UInt64
    public var issuer: String
    public var clientID: String
    public var clientSecret: SecretBytes?
    /// Nil for a client that people have registered.
    public var registration: Registration?
    public var renewal: Renewal
    /// An access token that never expires and came without a refresh token: it is itself the credential.
    public var lastingAccessToken: SecretBytes?
    public var scope: [String]
    /// Whether the provider named these scopes, and none before that are not among them. False: a reply without `scope`
    /// may mean others.
    public var isScopeNamed: Bool
    /// Wall-clock seconds since 1970 of the last grant, for `keep_alive`.
    public var grantedAt: Int
    /// Nil: the provider has not said who it is, or nobody could check it yet.
    public var identity: Identity?
    /// Nil: the provider does not say, or there is no refresh token.
    public var expiry: LoginExpiry?

    /// Seals this account's entries in the rotation journal. Nil: the store has no record with a key yet.
    public var journalKey: SecretBytes?
    /// The hosts of the provider's endpoints at the login. Nil: not known.
    public var endpointHosts: Set<String>?
    /// How the client proves itself, where the login has found out that the usual way does not work. Nil: as the settings
    /// and the metadata have it.
    public var clientAuthentication: ClientAuthentication?
    /// What the provider granted to this login once and no longer grants.
    public var lostScope: [String]
    /// Why the provider has ended the login; nil as long as it has not.
    public var end: LoginRequiredReason?

    public init(
        account: AccountName, generation: UInt64, issuer: String, clientID: String, clientSecret: SecretBytes?,
        refreshToken: SecretBytes?, lastingAccessToken: SecretBytes? = nil, scope: [String], grantedAt: Int,
        identity: Identity? = nil, registration: Registration? = nil, expiry: LoginExpiry? = nil,
        journalKey: SecretBytes? = nil, endpointHosts: Set<String>? = nil, end: LoginRequiredReason? = nil,
        isScopeNamed: Bool = false, clientAuthentication: ClientAuthentication? = nil, lostScope: [String] = []
    ) {
        self.account = account
        self.generation = generation
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        renewal = refreshToken.map(Renewal.refreshToken) ?? .none
        self.lastingAccessToken = lastingAccessToken
        self.scope = scope
        self.isScopeNamed = isScopeNamed
        self.grantedAt = grantedAt
        self.identity = identity
        self.registration = registration
        self.expiry = expiry
        self.journalKey = journalKey
        self.endpointHosts = endpointHosts
        self.end = end
        self.clientAuthentication = clientAuthentication
        self.lostScope = lostScope
    }

    /// How the login's tokens are renewed.
    public enum Renewal: Sendable, Equatable {
        /// RFC 6749 §6.
        case refreshToken(SecretBytes)
        /// The access token never expires, or the login has ended.
        case none
    }

    public var refreshToken: SecretBytes? {
        switch renewal {
        case .refreshToken(let token): token
        case .none: nil
        }
    }

    /// Whether the provider can be asked for another access token.
    public var isRenewable: Bool { renewal != .none }

    /// Whether anything here can still produce an access token.
    public var isSignedIn: Bool { isRenewable || lastingAccessToken != nil }

    /// What a renewal says of the login's scopes. Where it names fewer than before, the provider's silence may mean those
    /// of the login itself again (RFC 6749 §6).
    mutating func takeScope(of grant: TokenGrant) {
        let granted = grant.scope ?? scope
        switch ScopeOrigin(grant, of: self) {
        case .named:
            isScopeNamed = Set(granted).isSuperset(of: scope)
            lostScope = ScopeReply(granted, to: scope + lostScope).notGranted
        case .unclear: isScopeNamed = false
        case .omitted: break
        }
        scope = granted
    }

    /// The client without its login, one generation on; nil when there is nothing about the client worth keeping.
    public func signedOut() -> Credential? {
        guard clientSecret != nil || registration != nil else { return nil }
        var client = self
        client.generation += 1
        client.renewal = .none
        client.lastingAccessToken = nil
        client.identity = nil
        client.expiry = nil
        client.endpointHosts = nil
        client.lostScope = []
        client.end = nil
        return client
    }
}

/// What the provider said of a client that it has registered for this account (RFC 7591 §3.2.1).
public struct Registration: Sendable, Equatable {
    /// Nil: the provider did not say.
    public var authentication: ClientAuthentication?
    /// Wall-clock seconds since 1970; nil: never.
    public var secretExpiresAt: Int?
    /// Nil: the registration cannot be deleted from here.
    public var management: ClientManagement?
    /// What the client is registered for, where that decides what its logins get; nil where each login asks.
    public var scopes: [String]?

    public init(
        authentication: ClientAuthentication? = nil, secretExpiresAt: Int? = nil, management: ClientManagement? = nil,
        scopes: [String]? = nil
    ) {
        self.authentication = authentication
        self.secretExpiresAt = secretExpiresAt
        self.management = management
        self.scopes = scopes
    }

    /// Whether a login for these scopes can be one of this client.
    public func allows(_ scopes: [String]) -> Bool { self.scopes.map { Set($0) == Set(scopes) } ?? true }

    public func isExpired(at wall: Int) -> Bool { secretExpiresAt.map { $0 <= wall } ?? false }
}
