public import AgentAPI

/// One `[[rule]]` of `authagent.toml`: what callers of a kind may do with some accounts. The rule refuses what it does
/// not allow.
public struct AccessRule: Equatable, Sendable {
    public var accounts: [Glob]
    /// All conditions must be met.
    public var conditions: [Condition]
    public var allow: Set<Permission>
    /// The most that a token may have; `nil` if unbounded.
    public var scopes: ScopeBound?
    /// What a request may name besides the account's own resources; `nil` if any, unless scopes or audiences are bound.
    public var resources: [String]?
    /// The same for audiences.
    public var audiences: [String]?
    /// The roles at AWS whose credentials may be requested; `nil` if any, unless something is bound.
    public var awsRoles: [AWSRolePattern]?
    /// The types of authorization details (RFC 9396 §2) that a token may have; `nil` if any, unless something is bound.
    public var authorizationTypes: [String]?
    /// For each user.
    public var maximumPerMinute: Int?
    /// How often the agent's owner confirms requests; `nil` if never.
    public var confirm: Confirmation?
    /// Where the rule is written, for messages.
    public var source: String

    /// A condition on the caller. A name is kept as written in the rule, together with the number it had when the rules
    /// were read.
    public enum Condition: Hashable, Sendable {
        /// Every caller that can open the socket.
        case everyUser
        case user(UInt32, name: String?)
        case group(UInt32, name: String)
        case executable(String)
        /// SHA-256 in lower-case hexadecimal digits.
        case executableDigest(String)
        case unit(Glob)
    }

    public init(
        accounts: [Glob], conditions: [Condition], allow: Set<Permission>, scopes: ScopeBound? = nil,
        resources: [String]? = nil, audiences: [String]? = nil, awsRoles: [AWSRolePattern]? = nil,
        authorizationTypes: [String]? = nil, maximumPerMinute: Int? = nil, confirm: Confirmation? = nil,
        source: String
    ) {
        self.accounts = accounts
        self.conditions = conditions
        self.allow = allow
        self.scopes = scopes
        self.resources = resources
        self.audiences = audiences
        self.awsRoles = awsRoles
        self.authorizationTypes = authorizationTypes
        self.maximumPerMinute = maximumPerMinute
        self.confirm = confirm
        self.source = source
    }

    /// `nil` if unbounded. A rule that bounds one thing bounds all: a scope means more at another resource.
    package var bound: TokenBound? {
        guard scopes != nil || resources != nil || audiences != nil || awsRoles != nil || authorizationTypes != nil
        else { return nil }
        return TokenBound(
            scopes: scopes, resources: resources ?? [], audiences: audiences ?? [], namesAWSRoles: awsRoles != nil,
            authorizationTypes: authorizationTypes ?? [])
    }

    /// Whether the rule lets a request have credentials of this role.
    func allows(_ role: AWSRole) -> Bool {
        guard let awsRoles else { return bound == nil }
        return awsRoles.contains { $0.matches(role) }
    }

    /// Whether the rule allows all of these without a bound or a confirmation.
    func freelyAllows(_ permissions: [Permission]) -> Bool {
        bound == nil && maximumPerMinute == nil && confirm == nil && permissions.allSatisfy(allow.contains)
    }

    /// Without an account, for the agent as a whole, only a rule for every account applies.
    func isAbout(_ account: AccountName?) -> Bool {
        accounts.contains { pattern in account.map { pattern.matches($0.description) } ?? pattern.isEverything }
    }
}

extension AccessRule.Condition {
    /// Whether the condition is met, given that its facts are known.
    func isMet(by caller: Caller, owner: UInt32) -> Bool {
        matches(caller, owner: owner) && !isUncertain(of: caller)
    }

    /// Whether the caller's facts cannot decide the condition.
    func isUncertain(of caller: Caller) -> Bool {
        let isUnknown = !caller.uncertain.isDisjoint(with: facts(for: caller))
        switch self {
        // A process that shows another path is another program, even if the contents are equal.
        case .executable(let path): return isUnknown && (caller.executable.map { Self.isSame($0, path) } ?? true)
        case .everyUser, .user, .group, .executableDigest, .unit: return isUnknown
        }
    }

    private func matches(_ caller: Caller, owner: UInt32) -> Bool {
        switch self {
        case .everyUser: true
        case .user(let id, _): caller.user == id
        case .group(let id, _): caller.group == id || caller.supplementaryGroups.contains(id)
        case .executable(let path): caller.executable.map { Self.isSame($0, path) } ?? false
        case .executableDigest(let digest): caller.executableDigest == digest
        case .unit(let pattern):
            // Users name the units of their own manager freely, so a user unit counts only for the agent's own user,
            // who could read the agent's memory anyway.
            caller.unit.map(pattern.matches) ?? false
                || caller.user == owner && (caller.userUnit.map(pattern.matches) ?? false)
        }
    }

    /// Returns the facts still missing to decide. A file is read only if the caller shows the rule's path, or no path.
    func unknown(of caller: Caller, _ known: CallerFacts) -> CallerFacts {
        guard case .executable(let path) = self, !known.contains(.executable) else {
            return facts(for: caller).subtracting(known)
        }
        guard known.contains(.executableClaim) else { return .executableClaim }
        return caller.executable.map { Self.isSame($0, path) } ?? true ? .executable : []
    }

    /// Compares bytes: names that are equal in Unicode may be different files (path_resolution(7)).
    private static func isSame(_ path: String, _ other: String) -> Bool { path.utf8.elementsEqual(other.utf8) }

    /// The facts that the condition depends on; empty if user and groups are enough.
    func facts(for caller: Caller) -> CallerFacts {
        switch self {
        case .everyUser, .user: []
        case .group(let id, _): caller.group == id ? [] : .supplementaryGroups
        case .executable: .executable
        case .executableDigest: .executableDigest
        case .unit: .unit
        }
    }
}
