/// The reply of `GET /v1/accounts`: the agent itself, every account it knows, and its sinks.
public struct StatusReport: Codable, Equatable, Sendable {
    public var agent: AgentStatus
    public var accounts: [AccountStatus]
    /// Absent without sinks, and for callers other than the owner.
    public var sinks: [SinkStatus]?

    public init(agent: AgentStatus, accounts: [AccountStatus], sinks: [SinkStatus]? = nil) {
        self.agent = agent
        self.accounts = accounts
        self.sinks = sinks
    }
}

/// The reply of `GET /v1/health`, and the `agent` member of the status.
public struct AgentStatus: Codable, Equatable, Sendable {
    public var version: String
    public var pid: Int32
    public var socket: String
    /// The keyring's state.
    public var storeState: StoreState
    /// What the state means; absent if the store is `ok`.
    public var storeDetail: String?
    public var storeHint: String?
    /// Absent without a sealed store.
    public var sealedState: StoreState?
    public var sealedDetail: String?
    public var sealedHint: String?
    /// True if the agent is locked, otherwise absent.
    public var locked: Bool?
    /// The environment variables that the agent uses (`AgentVariables`).
    public var environment: [String: String]?

    public init(
        version: String, pid: Int32, socket: String, storeState: StoreState, storeDetail: String? = nil,
        storeHint: String? = nil, sealedState: StoreState? = nil, sealedDetail: String? = nil,
        sealedHint: String? = nil, locked: Bool? = nil, environment: [String: String]? = nil
    ) {
        self.version = version
        self.pid = pid
        self.socket = socket
        self.storeState = storeState
        self.storeDetail = storeDetail
        self.storeHint = storeHint
        self.sealedState = sealedState
        self.sealedDetail = sealedDetail
        self.sealedHint = sealedHint
        self.locked = locked
        self.environment = environment
    }

    enum CodingKeys: String, CodingKey {
        case version, pid, socket, environment
        case storeState = "store_state"
        case storeDetail = "store_detail"
        case storeHint = "store_hint"
        case sealedState = "sealed_state"
        case sealedDetail = "sealed_detail"
        case sealedHint = "sealed_hint"
        case locked
    }
}

/// The state of a store: the desktop keyring or the sealed store.
public enum StoreState: String, Codable, CaseIterable, Sendable {
    case ok
    /// The keyring's default collection is locked, or the sealed store's passphrase has not been entered yet: records
    /// can neither be read nor written.
    case locked
    /// The sealed store has not been created.
    case notInitialized = "not_initialized"
    /// No program owns `org.freedesktop.secrets` on the session bus.
    case noProvider = "no_provider"
    /// The session bus is missing, or its address is stale.
    case noBus = "no_bus"
    /// The keyring did not answer within the deadline.
    case hung
    case failed
    /// Not checked yet.
    case unknown
}

/// The status of one account.
public struct AccountStatus: Codable, Equatable, Sendable {
    public var account: AccountName
    public var state: State
    public var issuer: String
    public var scope: String
    public var store: String
    /// The subject of the login's verified ID token; absent without one.
    public var subject: String?
    public var email: String?
    public var name: String?
    /// The expiry of the access token in memory, in seconds since 1970.
    public var expiresAt: Int?
    /// The next planned refresh, in seconds since 1970; absent if the account is not in use.
    public var nextRefresh: Int?
    /// When a refresh last brought a token, in seconds since 1970; absent before the first of this agent.
    public var lastRefresh: Int?
    /// The end of the login unless it is used before, in seconds since 1970; absent if the provider does not report it.
    public var loginExpiresAt: Int?
    /// The elevated logins, the newest first; absent without one, and for callers other than the owner.
    public var elevated: [ElevatedStatus]?
    /// The URLs of the account's file, normalised; absent if it has none.
    public var urls: [String]?
    /// The user names of the account's file for the programs that send one beside the token.
    public var gitUsername: String?
    public var registryUsername: String?
    public var lastError: String?
    /// The command that repairs the state.
    public var hint: String?
    /// Whether the agent renews the login itself; absent without the key `renew`.
    public var renewal: RenewalStatus?
    /// The grant of an account without a person, a name of `MachineGrant`; absent for one with a login.
    public var grant: String?
    /// The account from whose token this account's are made; absent for most.
    public var derivedFrom: AccountName?
    /// The account whose token says who acts; absent for most.
    public var actor: AccountName?

    public enum State: String, Codable, CaseIterable, Sendable {
        case ok
        case loginPending = "login_pending"
        case loginRequired = "login_required"
        /// The provider cannot be reached; a token that is still valid is served.
        case offline
        /// The provider refused the last refresh, or its reply was invalid; a token that is still valid is served.
        case refused
        /// The account's store is locked or unavailable, so its refresh token cannot be read.
        case locked
        /// The current refresh token is in memory, and not yet in the store.
        case unsaved
    }

    public init(
        account: AccountName, state: State, issuer: String, scope: String, store: String, subject: String? = nil,
        email: String? = nil, name: String? = nil, expiresAt: Int? = nil, nextRefresh: Int? = nil,
        lastRefresh: Int? = nil, loginExpiresAt: Int? = nil, urls: [String]? = nil, gitUsername: String? = nil,
        registryUsername: String? = nil, lastError: String? = nil, hint: String? = nil, renewal: RenewalStatus? = nil,
        elevated: [ElevatedStatus]? = nil
    ) {
        self.account = account
        self.state = state
        self.issuer = issuer
        self.scope = scope
        self.store = store
        self.subject = subject
        self.email = email
        self.name = name
        self.expiresAt = expiresAt
        self.nextRefresh = nextRefresh
        self.lastRefresh = lastRefresh
        self.loginExpiresAt = loginExpiresAt
        self.urls = urls
        self.gitUsername = gitUsername
        self.registryUsername = registryUsername
        self.lastError = lastError
        self.hint = hint
        self.renewal = renewal
        self.elevated = elevated
    }

    enum CodingKeys: String, CodingKey {
        case account, state, issuer, scope, store, subject, email, name, elevated, urls, renewal, grant, actor
        case derivedFrom = "derived_from"
        case gitUsername = "git_username"
        case registryUsername = "registry_username"
        case expiresAt = "expires_at"
        case nextRefresh = "next_refresh"
        case lastRefresh = "last_refresh"
        case loginExpiresAt = "login_expires_at"
        case lastError = "last_error"
        case hint
    }
}

/// The status of a login with a named authentication context, in memory beside the account's login.
public struct ElevatedStatus: Codable, Equatable, Sendable {
    public var acr: String
    /// When the user authenticated, in seconds since 1970; absent if the provider does not report it.
    public var authTime: Int?
    /// The end of the login, in seconds since 1970.
    public var expiresAt: Int?
    public var scope: String

    public init(acr: String, authTime: Int? = nil, expiresAt: Int? = nil, scope: String) {
        self.acr = acr
        self.authTime = authTime
        self.expiresAt = expiresAt
        self.scope = scope
    }

    enum CodingKeys: String, CodingKey {
        case acr, scope
        case authTime = "auth_time"
        case expiresAt = "expires_at"
    }
}
