public import AgentAPI
public import OAuth
public import SecretMemory

/// What makes an account's login durable: the grant and the client that holds it.
public struct Credential: Sendable, Equatable {
    public let account: AccountName
    /// Grows with each refresh token and each end of a login: of two records, the larger one is the newer.
    public var generation: UInt64
    public var issuer: String
    public var clientID: String
    public var clientSecret: SecretBytes?
    /// `nil` for a client that a person has registered.
    public var registration: Registration?
    public var renewal: Renewal
    /// An access token that never expires and came without a refresh token: it is itself the credential.
    public var lastingAccessToken: SecretBytes?
    public var scope: [String]
    /// Whether the provider named these scopes, and no others before. If not, a reply without `scope` may mean others.
    public var isScopeNamed: Bool
    /// Wall-clock seconds since 1970 of the last grant, for `keep_alive`.
    public var grantedAt: Int
    /// The person of the login; `nil` if the provider sent no identity, or it could not be verified yet.
    public var identity: Identity?
    /// `nil` if the provider names no expiry, or without a refresh token.
    public var expiry: LoginExpiry?

    /// Seals this account's journal entries; `nil` if the store has no record with a key yet.
    public var journalKey: SecretBytes?
    /// The hosts of the provider's endpoints at the login; `nil` if they are not known.
    public var endpointHosts: Set<String>?
    /// How the client authenticates, if the login found that the usual method does not work; `nil` if the settings and
    /// the metadata decide.
    public var clientAuthentication: ClientAuthentication?
    /// The scopes that the provider once granted to this login and no longer grants.
    public var lostScope: [String]
    /// The types of the authorization details (RFC 9396) that the login has requested and was granted; `nil` if the
    /// provider named some that cannot be read.
    public var detailTypes: [String]?
    /// Why the provider has ended the login; `nil` if it has not.
    public var end: LoginRequiredReason?

    public init(
        account: AccountName, generation: UInt64, issuer: String, clientID: String, clientSecret: SecretBytes?,
        refreshToken: SecretBytes?, lastingAccessToken: SecretBytes? = nil, scope: [String], grantedAt: Int,
        identity: Identity? = nil, registration: Registration? = nil, expiry: LoginExpiry? = nil,
        journalKey: SecretBytes? = nil, endpointHosts: Set<String>? = nil, end: LoginRequiredReason? = nil,
        isScopeNamed: Bool = false, clientAuthentication: ClientAuthentication? = nil, lostScope: [String] = [],
        detailTypes: [String]? = []
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
        self.detailTypes = detailTypes
    }

    /// How the login's tokens are renewed.
    public enum Renewal: Sendable, Equatable {
        /// RFC 6749 §6.
        case refreshToken(SecretBytes)
        /// By the same request as the first token: the account has no login.
        case request(MachineGrant)
        /// The access token never expires, or the login has ended.
        case none
    }

    public var refreshToken: SecretBytes? {
        switch renewal {
        case .refreshToken(let token): token
        case .request, .none: nil
        }
    }

    /// Whether the provider can issue another access token without a login.
    public var isRenewable: Bool { renewal != .none }

    /// Whether anything here can still produce an access token.
    public var isSignedIn: Bool { isRenewable || lastingAccessToken != nil }

    /// Takes the scopes of a renewal. If it names fewer than before, a later reply without `scope` may mean those of the
    /// login itself again (RFC 6749 §6).
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

    /// Adds the types of details that a renewal names: a later reply without details may mean all of them.
    mutating func takeDetails(of grant: TokenGrant) {
        if grant.areDetailsUnreadable { return detailTypes = nil }
        guard let named = grant.authorizationDetails?.types else { return }
        detailTypes = Set((detailTypes ?? []) + named).sorted()
    }

    /// Returns the login after a grant. A new refresh token replaces the old one; without one, the old one stays
    /// (RFC 6749 §6).
    func renewed(by grant: TokenGrant, for target: TokenTarget?, at wall: Int) -> Credential {
        var renewed = self
        // With a target, the grant says nothing of the login's own scopes (RFC 6749 §6).
        if target == nil { renewed.takeScope(of: grant) }
        if target == nil { renewed.takeDetails(of: grant) }
        renewed.grantedAt = wall
        renewed.expiry = LoginExpiry.after(grant, earlier: expiry, at: wall)
        if let token = grant.refreshToken, token != refreshToken {
            renewed.generation += 1
            renewed.renewal = .refreshToken(token)
        }
        return renewed
    }

    /// Returns what is kept of a login that the provider has ended, one generation on.
    func ended(_ reason: LoginRequiredReason) -> Credential {
        var ended = self
        ended.generation += 1
        ended.renewal = .none
        ended.expiry = nil
        ended.end = reason
        return ended
    }

    /// Returns the client without its login, one generation on; `nil` if a later login does not need the client.
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
        client.detailTypes = []
        client.end = nil
        return client
    }
}

/// The provider's reply to the registration of a client for this account (RFC 7591 §3.2.1).
public struct Registration: Sendable, Equatable {
    /// `nil` if the provider did not name it.
    public var authentication: ClientAuthentication?
    /// Wall-clock seconds since 1970; `nil` if it never expires.
    public var secretExpiresAt: Int?
    /// `nil` if the agent cannot delete the registration.
    public var management: ClientManagement?
    /// The registered scopes, if they decide what a login is granted; `nil` if each login requests its own.
    public var scopes: [String]?
    /// The grant types and redirect URIs that the client is registered with; both `nil` for a client of an earlier
    /// version, which registered for the device grant alone.
    public var grantTypes: [String]?
    public var redirectURIs: [String]?

    public init(
        authentication: ClientAuthentication? = nil, secretExpiresAt: Int? = nil, management: ClientManagement? = nil,
        scopes: [String]? = nil, grantTypes: [String]? = nil, redirectURIs: [String]? = nil
    ) {
        self.authentication = authentication
        self.secretExpiresAt = secretExpiresAt
        self.management = management
        self.scopes = scopes
        self.grantTypes = grantTypes
        self.redirectURIs = redirectURIs
    }

    /// Whether this client can log in for these scopes.
    public func allows(_ scopes: [String]) -> Bool { self.scopes.map { Set($0) == Set(scopes) } ?? true }

    public func isExpired(at wall: Int) -> Bool { secretExpiresAt.map { $0 <= wall } ?? false }
}
