/// The reply of `GET /v1/accounts`: the agent itself and every account it knows.
public struct StatusReport: Codable, Equatable, Sendable {
    public var agent: AgentStatus
    public var accounts: [AccountStatus]

    public init(agent: AgentStatus, accounts: [AccountStatus]) {
        self.agent = agent
        self.accounts = accounts
    }
}

/// The reply of `GET /v1/health`, and the `agent` member of the status.
public struct AgentStatus: Codable, Equatable, Sendable {
    public var version: String
    public var pid: Int32
    public var socket: String
    /// The keyring's.
    public var storeState: StoreState
    /// What the state means and the command that repairs it; absent when the store is `ok`.
    public var storeDetail: String?
    public var storeHint: String?
    /// Absent when there is no sealed store.
    public var sealedState: StoreState?
    public var sealedDetail: String?
    public var sealedHint: String?
    /// Absent unless the agent is locked, and then true.
    public var locked: Bool?
    /// The variables of the agent's environment that matter to it (`AgentSurroundings`).
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

/// What a store can do at this moment: the desktop keyring, or the sealed store.
public enum StoreState: String, Codable, CaseIterable, Sendable {
    case ok
    /// The keyring's default collection is locked, or nobody has given the sealed store's passphrase yet: records can
    /// neither be read nor written.
    case locked
    /// The sealed store was never made.
    case notInitialized = "not_initialized"
    /// Nobody owns `org.freedesktop.secrets` on the session bus.
    case noProvider = "no_provider"
    /// There is no session bus, or its address is stale.
    case noBus = "no_bus"
    /// The provider did not answer within the deadline.
    case hung
    case failed
    /// Not asked yet.
    case unknown
}

/// One account as `status` shows it.
public struct AccountStatus: Codable, Equatable, Sendable {
    public var account: AccountName
    public var state: State
    public var issuer: String
    public var scope: String
    public var store: String
    /// Who has logged in, if the provider has said so and it could be verified.
    public var subject: String?
    public var email: String?
    public var name: String?
    /// Seconds since 1970; of the access token in memory.
    public var expiresAt: Int?
    /// Seconds since 1970; absent when the account is not in use and no refresh is planned.
    public var nextRefresh: Int?
    /// Seconds since 1970; when the login itself ends unless it is used before. Absent when the provider does not say.
    public var loginExpiresAt: Int?
    public var lastError: String?
    /// The command that repairs the state.
    public var hint: String?

    public enum State: String, Codable, CaseIterable, Sendable {
        case ok
        case loginPending = "login_pending"
        case loginRequired = "login_required"
        /// The provider cannot be reached; a token that is still valid is served.
        case offline
        /// The provider was reached, and refused the last renewal, or what it sent is refused; a token that is still
        /// valid is served.
        case refused
        /// The account's store is locked or out of reach, so its refresh token cannot be read.
        case locked
        /// A refresh token newer than the stored one is held in memory only.
        case unsaved
    }

    public init(
        account: AccountName, state: State, issuer: String, scope: String, store: String, subject: String? = nil,
        email: String? = nil, name: String? = nil, expiresAt: Int? = nil, nextRefresh: Int? = nil,
        loginExpiresAt: Int? = nil, lastError: String? = nil, hint: String? = nil
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
        self.loginExpiresAt = loginExpiresAt
        self.lastError = lastError
        self.hint = hint
    }

    enum CodingKeys: String, CodingKey {
        case account, state, issuer, scope, store, subject, email, name
        case expiresAt = "expires_at"
        case nextRefresh = "next_refresh"
        case loginExpiresAt = "login_expires_at"
        case lastError = "last_error"
        case hint
    }
}
