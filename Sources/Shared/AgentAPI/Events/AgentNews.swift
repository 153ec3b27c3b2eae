/// The content of an event: a change of an account, of a store or of the agent.
public struct AgentNews: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// A request that waited for an approval goes on, or is refused.
        case approvalEnded = "approval_ended"
        /// A request waits for the approval of the agent's owner.
        case approvalRequested = "approval_requested"
        /// The policy refused a caller's request.
        case denied
        case loggedIn = "logged_in"
        case loggedOut = "logged_out"
        /// The login itself will expire soon.
        case loginExpires = "login_expires"
        case loginFailed = "login_failed"
        /// The account requires a new login.
        case loginRequired = "login_required"
        case loginStarted = "login_started"
        /// The account is locked; without an account, the agent.
        case locked
        /// Events that the watcher requested are no longer available.
        case missed
        case refreshFailed = "refresh_failed"
        case refreshed
        case reloaded
        /// The store has taken the refresh token after `unsaved`.
        case saved
        case storeState = "store_state"
        case unlocked
        /// The store does not accept a login's new refresh token.
        case unsaved
    }

    public var kind: Kind
    public var account: AccountName?
    /// The code of a problem or of a failed login.
    public var code: String?
    public var reason: String?
    public var detail: String?
    /// The remedy, usually a command.
    public var hint: String?
    public var scope: String?
    /// The expiry of the new access token, in seconds since 1970.
    public var expiresAt: Int?
    /// The expiry of the login, in seconds since 1970.
    public var loginExpiresAt: Int?
    public var subject: String?
    /// Whether the provider has confirmed the revocation.
    public var revoked: Bool?
    public var store: String?
    public var state: StoreState?
    public var denial: Denial?
    public var approval: Approval?

    /// A refused caller and the permission that it requested.
    public struct Denial: Codable, Equatable, Sendable {
        public var user: UInt32
        public var pid: Int32
        /// Absent unless a rule depends on it and the agent has confirmed it.
        public var executable: String?
        /// The path that the caller's process claims; it may be any.
        public var executableClaimed: String?
        public var unit: String?
        public var permission: String?

        public init(
            user: UInt32, pid: Int32, executable: String? = nil, executableClaimed: String? = nil,
            unit: String? = nil, permission: String? = nil
        ) {
            self.user = user
            self.pid = pid
            self.executable = executable
            self.executableClaimed = executableClaimed
            self.unit = unit
            self.permission = permission
        }

        enum CodingKeys: String, CodingKey {
            case user = "uid"
            case pid, executable, unit, permission
            case executableClaimed = "executable_claimed"
        }
    }

    public init(_ kind: Kind, account: AccountName? = nil) {
        self.kind = kind
        self.account = account
    }

    enum CodingKeys: String, CodingKey {
        case kind = "event"
        case account, code, reason, detail, hint, scope, subject, revoked, store, state, denial
        case approval
        case expiresAt = "expires_at"
        case loginExpiresAt = "login_expires_at"
    }
}

extension AgentNews {
    /// Creates the event of a failure from its problem.
    public init(_ kind: Kind, account: AccountName?, _ problem: Problem) {
        self.init(kind, account: account)
        code = problem.code.rawValue
        reason = problem.reason
        detail = problem.detail
        hint = problem.hint
    }

    public static func refreshed(_ account: AccountName, scope: String, expiresAt: Int?) -> AgentNews {
        var news = AgentNews(.refreshed, account: account)
        (news.scope, news.expiresAt) = (scope, expiresAt)
        return news
    }

    public static func loggedIn(_ result: LoginResult) -> AgentNews {
        var news = AgentNews(.loggedIn, account: result.account)
        (news.scope, news.expiresAt, news.subject) = (result.scope, result.expiresAt, result.subject)
        // The account's own login is as it was.
        if result.elevated == true { news.reason = "elevated" }
        return news
    }

    public static func loginFailed(_ account: AccountName, _ failure: LoginFailure) -> AgentNews {
        var news = AgentNews(.loginFailed, account: account)
        (news.code, news.detail, news.hint) = (failure.code, failure.detail, failure.hint)
        return news
    }

    public static func loggedOut(_ account: AccountName, revoked: Bool) -> AgentNews {
        var news = AgentNews(.loggedOut, account: account)
        news.revoked = revoked
        return news
    }

    public static func storeState(_ store: String, _ state: StoreState, detail: String?, hint: String?) -> AgentNews {
        var news = AgentNews(.storeState)
        (news.store, news.state, news.detail, news.hint) = (store, state, detail, hint)
        return news
    }

    /// Creates the event of a refusal, which the server passes to `AgentService.report`.
    public static func denied(_ denial: Denial, account: AccountName? = nil, detail: String) -> AgentNews {
        var news = AgentNews(.denied, account: account)
        (news.denial, news.detail) = (denial, detail)
        return news
    }

    public static func approvalRequested(_ approval: Approval) -> AgentNews {
        var news = AgentNews(.approvalRequested, account: approval.account)
        news.approval = approval
        news.hint = "run 'authagent approvals approve \(approval.id)' or 'authagent approvals deny \(approval.id)'"
        return news
    }

    /// Creates the event of the end of an approval. `reason`: `approved`, `denied`, `timed_out`, `withdrawn`, ….
    public static func approvalEnded(_ approval: Approval, reason: String) -> AgentNews {
        var news = AgentNews(.approvalEnded, account: approval.account)
        (news.approval, news.reason) = (approval, reason)
        return news
    }

    /// The reason why events after the watcher's last one are missing.
    public enum Gap: String, Sendable {
        /// The id is not from this agent process.
        case otherAgent = "other_agent"
        case tooOld = "too_old"
    }

    public static func missed(_ gap: Gap) -> AgentNews {
        var news = AgentNews(.missed)
        news.reason = gap.rawValue
        return news
    }
}
