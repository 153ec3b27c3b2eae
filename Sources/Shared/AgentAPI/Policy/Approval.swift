/// How often a rule makes the agent's owner confirm requests, with the key `confirm`.
public enum Confirmation: String, Codable, CaseIterable, Sendable {
    /// Once for each process and account, until the process ends.
    case first
    /// At each request.
    case each
}

/// A request that waits until the agent's owner approves or denies it.
///
/// The caller chose the paths and names; the agent has cleaned them.
public struct Approval: Codable, Equatable, Sendable {
    /// Random.
    public var id: String
    /// Absent if the request is about the agent as a whole.
    public var account: AccountName?
    /// The permissions that the request needs, separated by a space.
    public var permission: String
    /// The scopes that the request names.
    public var scopes: [String]?
    /// The types of the authorization details that the request names.
    public var authorizationTypes: [String]?
    public var confirm: Confirmation
    public var user: UInt32
    public var pid: Int32
    /// Absent unless a rule depends on it and the agent has confirmed it.
    public var executable: String?
    /// The path that the caller's process claims; it may be any.
    public var executableClaimed: String?
    public var unit: String?
    /// The number of the rule, from 1.
    public var rule: Int
    /// In seconds since 1970.
    public var requestedAt: Int
    /// When the caller stops waiting, in seconds since 1970.
    public var expiresAt: Int

    public init(
        id: String, account: AccountName?, permission: String, scopes: [String]? = nil,
        authorizationTypes: [String]? = nil, confirm: Confirmation, user: UInt32, pid: Int32,
        executable: String? = nil, executableClaimed: String? = nil, unit: String? = nil,
        rule: Int, requestedAt: Int, expiresAt: Int
    ) {
        self.id = id
        self.account = account
        self.permission = permission
        self.scopes = scopes
        self.authorizationTypes = authorizationTypes
        self.confirm = confirm
        self.user = user
        self.pid = pid
        self.executable = executable
        self.executableClaimed = executableClaimed
        self.unit = unit
        self.rule = rule
        self.requestedAt = requestedAt
        self.expiresAt = expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case id, account, permission, scopes, confirm, pid, executable, unit, rule
        case user = "uid"
        case authorizationTypes = "authorization_types"
        case executableClaimed = "executable_claimed"
        case requestedAt = "requested_at"
        case expiresAt = "expires_at"
    }
}

/// The reply of `GET /v1/approvals`: the requests that wait, the oldest first.
public struct ApprovalList: Codable, Equatable, Sendable {
    public var approvals: [Approval]

    public init(_ approvals: [Approval]) { self.approvals = approvals }
}

/// The body of `POST /v1/approvals`.
public struct ApprovalAnswer: Codable, Equatable, Sendable {
    public var id: String
    /// Whether the request may go on.
    public var approve: Bool

    public init(id: String, approve: Bool) {
        self.id = id
        self.approve = approve
    }
}

/// The reply of `POST /v1/approvals`.
public struct ApprovalReply: Codable, Equatable, Sendable {
    public var id: String
    public var approved: Bool

    public init(id: String, approved: Bool) {
        self.id = id
        self.approved = approved
    }
}
