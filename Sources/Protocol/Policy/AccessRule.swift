public import AgentAPI

/// One `[[rule]]` of `authagent.toml`: for these accounts and this kind of caller, what is allowed. What it does not
/// allow it refuses.
public struct AccessRule: Equatable, Sendable {
    public var accounts: [Glob]
    /// All of them have to be met.
    public var conditions: [Condition]
    public var allow: Set<Permission>
    /// What a token may have at most; nil: no bound.
    public var scopes: ScopeBound?
    /// What a request may name besides the account's own resources; nil: any, unless scopes or audiences are bound.
    public var resources: [String]?
    /// The same for the audience.
    public var audiences: [String]?
    /// By each user.
    public var maximumPerMinute: Int?
    /// Where the rule is written, for people.
    public var source: String

    /// What has to be true of a caller. A name is as it is written in the rule, its number what it meant when the rules
    /// were read.
    public enum Condition: Hashable, Sendable {
        /// Whoever may open the socket.
        case anybody
        case user(UInt32, name: String?)
        case group(UInt32, name: String)
        case executable(String)
        /// SHA-256 in lower-case hexadecimal digits.
        case executableDigest(String)
        case unit(Glob)
    }

    public init(
        accounts: [Glob], conditions: [Condition], allow: Set<Permission>, scopes: ScopeBound? = nil,
        resources: [String]? = nil, audiences: [String]? = nil, maximumPerMinute: Int? = nil, source: String
    ) {
        self.accounts = accounts
        self.conditions = conditions
        self.allow = allow
        self.scopes = scopes
        self.resources = resources
        self.audiences = audiences
        self.maximumPerMinute = maximumPerMinute
        self.source = source
    }

    /// `nil`: no bound. A rule that bounds one thing bounds all, because the same scope means more elsewhere.
    var bound: TokenBound? {
        guard scopes != nil || resources != nil || audiences != nil else { return nil }
        return TokenBound(scopes: scopes, resources: resources ?? [], audiences: audiences ?? [])
    }

    /// Whether it lets somebody do all of this, with no bound.
    func freelyAllows(_ permissions: [Permission]) -> Bool {
        bound == nil && maximumPerMinute == nil && permissions.allSatisfy(allow.contains)
    }

    /// Without an account: the agent as a whole, which only a rule for every account is about.
    func isAbout(_ account: AccountName?) -> Bool {
        accounts.contains { pattern in account.map { pattern.matches($0.description) } ?? pattern.isEverything }
    }
}

extension AccessRule.Condition {
    /// Whether it is met, if all has been asked for that tells.
    func isMet(by caller: Caller, owner: UInt32) -> Bool {
        matches(caller, owner: owner) && !isUncertain(of: caller)
    }

    /// Whether nobody can tell if it is met.
    func isUncertain(of caller: Caller) -> Bool {
        let isUnknown = !caller.uncertain.isDisjoint(with: facts(for: caller))
        switch self {
        // A program that is nowhere said to be this one is not this one: it may as well have been copied.
        case .executable(let path): return isUnknown && (caller.executable.map { Self.isSame($0, path) } ?? true)
        case .anybody, .user, .group, .executableDigest, .unit: return isUnknown
        }
    }

    private func matches(_ caller: Caller, owner: UInt32) -> Bool {
        switch self {
        case .anybody: true
        case .user(let id, _): caller.user == id
        case .group(let id, _): caller.group == id || caller.supplementaryGroups.contains(id)
        case .executable(let path): caller.executable.map { Self.isSame($0, path) } ?? false
        case .executableDigest(let digest): caller.executableDigest == digest
        case .unit(let pattern):
            // A user can give any name to a unit of his own manager, so that is for the agent's own user only, from
            // whom nothing can be kept anyway.
            caller.unit.map(pattern.matches) ?? false
                || caller.user == owner && (caller.userUnit.map(pattern.matches) ?? false)
        }
    }

    /// What is still to be found out to tell, of a caller of whom `known` is. A file is looked at only if the caller shows
    /// the path that the rule names, or shows none.
    func unknown(of caller: Caller, _ known: CallerFacts) -> CallerFacts {
        guard case .executable(let path) = self, !known.contains(.executable) else {
            return facts(for: caller).subtracting(known)
        }
        guard known.contains(.executableClaim) else { return .executableClaim }
        return caller.executable.map { Self.isSame($0, path) } ?? true ? .executable : []
    }

    /// Of two names that Unicode takes for the same, each is another file (path_resolution(7)).
    private static func isSame(_ path: String, _ other: String) -> Bool { path.utf8.elementsEqual(other.utf8) }

    /// What has to be found out to tell; nothing if what is known of every caller is enough.
    func facts(for caller: Caller) -> CallerFacts {
        switch self {
        case .anybody, .user: []
        case .group(let id, _): caller.group == id ? [] : .supplementaryGroups
        case .executable: .executable
        case .executableDigest: .executableDigest
        case .unit: .unit
        }
    }
}
