/// The reply of `GET /v1/policy/check`: the permissions of a process for an account, and the rules that decide them.
public struct PolicyReport: Codable, Equatable, Sendable {
    public var account: AccountName
    public var caller: CallerDescription
    /// All rules in the order of their evaluation.
    public var rules: [RuleDescription]
    /// The number of the deciding rule, from 1; absent if the default decides.
    public var rule: Int?
    /// The deciding rule for the agent as a whole.
    public var adminRule: Int?
    public var decisions: [PolicyDecision]

    public init(
        account: AccountName, caller: CallerDescription, rules: [RuleDescription], rule: Int?, adminRule: Int?,
        decisions: [PolicyDecision]
    ) {
        self.account = account
        self.caller = caller
        self.rules = rules
        self.rule = rule
        self.adminRule = adminRule
        self.decisions = decisions
    }

    enum CodingKeys: String, CodingKey {
        case account, caller, rules, rule
        case adminRule = "admin_rule"
        case decisions
    }
}

/// A process as the rules see it; unknown facts are absent. Its owner chose the paths and names.
public struct CallerDescription: Codable, Equatable, Sendable {
    public var pid: Int32
    public var uid: UInt32
    public var gid: UInt32
    /// The supplementary groups.
    public var groups: [UInt32]
    /// Absent unless a rule names it and the agent has confirmed it.
    public var executable: String?
    /// The path that the process claims; it may be any.
    public var executableClaimed: String?
    /// Absent unless a rule depends on it.
    public var executableDigest: String?
    public var unit: String?
    public var slice: String?
    public var userUnit: String?
    /// Whether the user is the agent's owner or root, who may do everything if no rule decides.
    public var isOwn: Bool

    public init(
        pid: Int32, uid: UInt32, gid: UInt32, groups: [UInt32], executable: String?, executableClaimed: String?,
        executableDigest: String?, unit: String?, slice: String?, userUnit: String?, isOwn: Bool
    ) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.executable = executable
        self.executableClaimed = executableClaimed
        self.executableDigest = executableDigest
        self.unit = unit
        self.slice = slice
        self.userUnit = userUnit
        self.isOwn = isOwn
    }

    enum CodingKeys: String, CodingKey {
        case pid, uid, gid, groups, executable
        case executableClaimed = "executable_claimed"
        case executableDigest = "executable_sha256"
        case unit, slice
        case userUnit = "user_unit"
        case isOwn = "own"
    }
}

/// One rule, and whether it matches the account and the caller.
public struct RuleDescription: Codable, Equatable, Sendable {
    /// From 1.
    public var rule: Int
    /// File and line.
    public var source: String
    public var matches: Bool
    /// Whether it is unknown if the rule matches. Then everything that it does not allow is refused.
    public var uncertain: Bool
    public var conditions: [RuleCondition]
    public var allow: [String]
    public var scopes: [String]?
    /// The resources and audiences that a request may name besides the account's own; absent if any.
    public var resources: [String]?
    public var audiences: [String]?
    /// The patterns of roles at AWS whose credentials a request may have.
    public var awsRoles: [String]?
    /// The types of authorization details that a request may name; absent if any.
    public var authorizationTypes: [String]?
    public var maximumPerMinute: Int?
    /// How often the agent's owner confirms requests; absent if never.
    public var confirm: Confirmation?

    public init(
        rule: Int, source: String, matches: Bool, uncertain: Bool = false, conditions: [RuleCondition], allow: [String],
        scopes: [String]?, resources: [String]? = nil, audiences: [String]? = nil, awsRoles: [String]? = nil,
        authorizationTypes: [String]? = nil, maximumPerMinute: Int?, confirm: Confirmation? = nil
    ) {
        self.rule = rule
        self.source = source
        self.matches = matches
        self.uncertain = uncertain
        self.conditions = conditions
        self.allow = allow
        self.scopes = scopes
        self.resources = resources
        self.audiences = audiences
        self.awsRoles = awsRoles
        self.authorizationTypes = authorizationTypes
        self.maximumPerMinute = maximumPerMinute
        self.confirm = confirm
    }

    enum CodingKeys: String, CodingKey {
        case rule, source, matches, uncertain, conditions, allow, scopes, resources, audiences, confirm
        case awsRoles = "aws_roles"
        case authorizationTypes = "authorization_types"
        case maximumPerMinute = "max_per_minute"
    }
}

/// One condition of a rule.
public struct RuleCondition: Codable, Equatable, Sendable {
    /// The key in the file.
    public var name: String
    public var wanted: String
    /// The process's value; absent if it has none, or it is unknown.
    public var found: String?
    public var isMet: Bool
    /// Whether it is unknown if the condition is met.
    public var isUncertain: Bool

    public init(_ name: String, wanted: String, found: String?, isMet: Bool, isUncertain: Bool = false) {
        self.name = name
        self.wanted = wanted
        self.found = found
        self.isMet = isMet
        self.isUncertain = isUncertain
    }

    enum CodingKeys: String, CodingKey {
        case name, wanted, found
        case isMet = "met"
        case isUncertain = "uncertain"
    }
}

/// The decision about one permission.
public struct PolicyDecision: Codable, Equatable, Sendable {
    public var permission: String
    public var allowed: Bool
    /// The rule that decides, from 1; absent: the default.
    public var rule: Int?
    /// How often the agent's owner confirms such a request; absent if never.
    public var confirm: Confirmation?

    public init(permission: String, allowed: Bool, rule: Int?, confirm: Confirmation? = nil) {
        self.permission = permission
        self.allowed = allowed
        self.rule = rule
        self.confirm = confirm
    }
}
