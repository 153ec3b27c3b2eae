/// What has happened to an account, to a store or to the agent, as an event tells it.
public struct AgentNews: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// Somebody was refused what the policy does not give them.
        case denied
        case loggedIn = "logged_in"
        case loggedOut = "logged_out"
        case loginFailed = "login_failed"
        /// A person must log in.
        case loginRequired = "login_required"
        case loginStarted = "login_started"
        /// The account, or without one the agent, serves nothing.
        case locked
        /// Events that the watcher asked for are gone.
        case missed
        case refreshFailed = "refresh_failed"
        case refreshed
        case reloaded
        /// The store has at last what it lacked.
        case saved
        case storeState = "store_state"
        case unlocked
        /// The store does not take a login's new refresh token.
        case unsaved
    }

    public var kind: Kind
    public var account: AccountName?
    /// Of a problem, or a login's failure.
    public var code: String?
    public var reason: String?
    public var detail: String?
    /// What a person can do about it.
    public var hint: String?
    public var scope: String?
    /// Seconds since 1970; of the new access token.
    public var expiresAt: Int?
    public var subject: String?
    /// Whether the provider has confirmed that the login is over.
    public var revoked: Bool?
    public var store: String?
    public var state: StoreState?
    public var denial: Denial?

    /// Who was refused what.
    public struct Denial: Codable, Equatable, Sendable {
        public var user: UInt32
        public var pid: Int32
        /// Absent unless a rule has asked for it and the agent has confirmed it.
        public var executable: String?
        /// As the caller's process shows it, which may be any path.
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
        case expiresAt = "expires_at"
    }
}

extension AgentNews {
    /// Something went wrong that has a problem's words.
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

    /// To be reported by whoever refuses: `AgentService.report`.
    public static func denied(_ denial: Denial, account: AccountName? = nil, detail: String) -> AgentNews {
        var news = AgentNews(.denied, account: account)
        (news.denial, news.detail) = (denial, detail)
        return news
    }

    /// Why the events between the watcher's last one and the next are not there.
    public enum Gap: String, Sendable {
        /// The id is of no event of this process.
        case otherAgent = "other_agent"
        case tooOld = "too_old"
    }

    public static func missed(_ gap: Gap) -> AgentNews {
        var news = AgentNews(.missed)
        news.reason = gap.rawValue
        return news
    }
}
