public import AgentAPI

/// The rules of who may do what with which account. Pure: the same facts lead to the same decision.
///
/// The first rule that matches account and caller decides. Without one, the agent's own user and root may do
/// everything, others nothing. A rule that cannot be decided allows nothing, and later rules cannot add more than it
/// allows without a bound.
public struct AccessRules: Equatable, Sendable {
    /// The user that the agent runs as.
    public var owner: UInt32
    public var rules: [AccessRule]
    /// The owners of subordinate user IDs.
    public var subordinates: SubordinateUsers

    public init(owner: UInt32, rules: [AccessRule] = [], subordinates: SubordinateUsers = SubordinateUsers()) {
        self.owner = owner
        self.rules = rules
        self.subordinates = subordinates
    }

    /// Returns the user that a user ID counts as for rates and connections: its owner if it is subordinate.
    public func counted(_ user: UInt32) -> UInt32 { subordinates.owner(of: user) ?? user }

    /// Decides for one account, or for the agent as a whole. The caller must have the facts named by `facts`.
    public func decide(_ permission: Permission, on account: AccountName?, for caller: Caller) -> Decision {
        guard let deciding = deciding([permission], on: account, for: caller) else {
            return Decision(isAllowed: isOwn(caller), rule: nil)
        }
        let rule = rules[deciding.index]
        let isAllowed = deciding.isCertain && rule.allow.contains(permission)
        return Decision(
            isAllowed: isAllowed, rule: deciding.index + 1, bound: isAllowed ? rule.bound : nil,
            maximumPerMinute: isAllowed ? rule.maximumPerMinute : nil, confirm: isAllowed ? rule.confirm : nil
        )
    }

    /// Returns the facts still missing for a decision. Another call with more known facts may need fewer.
    public func facts(on account: AccountName?, for caller: Caller, known: CallerFacts = []) -> CallerFacts {
        var facts: CallerFacts = []
        for rule in rules where rule.isAbout(account) {
            guard let unknown = unknown(rule, of: caller, known) else { continue }
            // This rule decides; later ones are irrelevant.
            if unknown.isEmpty, isMet(rule, by: caller) { break }
            facts.formUnion(unknown)
        }
        return facts
    }

    /// Returns the facts missing for a decision over every account.
    public func factsOnEveryAccount(for caller: Caller, known: CallerFacts = []) -> CallerFacts {
        // A rule for some accounts leaves the others to later rules, so every rule counts.
        rules.reduce(into: []) { $0.formUnion(unknown($1, of: caller, known) ?? []) }
    }

    /// Whether user and groups allow the caller anything. Otherwise the connection is refused before the request is
    /// read.
    public func mayConnect(_ caller: Caller) -> Bool {
        isOwn(caller)
            || rules.contains { !$0.allow.isEmpty && unknown($0, of: caller, .supplementaryGroups) != nil }
    }

    /// The facts for `mayConnect`.
    public func factsToConnect(for caller: Caller) -> CallerFacts {
        isOwn(caller) ? [] : factsOnEveryAccount(for: caller).intersection(.supplementaryGroups)
    }

    /// Whether the caller is the agent's own user or root, who can read its memory anyway.
    public func isOwn(_ caller: Caller) -> Bool { caller.user == owner || caller.user == 0 }

    /// The rule that decides.
    struct Deciding {
        var index: Int
        /// Otherwise the rule refuses.
        var isCertain: Bool
    }

    func deciding(_ permissions: [Permission], on account: AccountName?, for caller: Caller) -> Deciding? {
        for (index, rule) in rules.enumerated() where rule.isAbout(account) {
            if isMet(rule, by: caller) { return Deciding(index: index, isCertain: true) }
            if isUncertain(rule, of: caller), !rule.freelyAllows(permissions) {
                return Deciding(index: index, isCertain: false)
            }
        }
        return nil
    }

    func isMet(_ rule: AccessRule, by caller: Caller) -> Bool {
        rule.conditions.allSatisfy { $0.isMet(by: caller, owner: owner) }
    }

    /// Whether it cannot be decided if the rule matches the caller.
    func isUncertain(_ rule: AccessRule, of caller: Caller) -> Bool {
        rule.conditions.contains { $0.isUncertain(of: caller) }
            && rule.conditions.allSatisfy { $0.isUncertain(of: caller) || $0.isMet(by: caller, owner: owner) }
    }

    /// Returns the facts missing to see whether the rule matches the caller; `nil` if it does not.
    private func unknown(_ rule: AccessRule, of caller: Caller, _ known: CallerFacts) -> CallerFacts? {
        var facts: CallerFacts = []
        for condition in rule.conditions {
            let unknown = condition.unknown(of: caller, known)
            if unknown.isEmpty, !condition.isMet(by: caller, owner: owner), !condition.isUncertain(of: caller) {
                return nil
            }
            facts.formUnion(unknown)
        }
        return facts
    }
}

/// The user that requests count towards: one user may own 65,536 user IDs (subuid(5)).
extension AccessRules {
    /// Whether the rate bucket depends on the caller's passwd entry.
    func needsUserEntry(_ rule: AccessRule, of caller: Caller, _ known: CallerFacts) -> Bool {
        rule.maximumPerMinute != nil && !known.contains(.userEntry) && !rule.namesUser && !isOwn(caller)
            && subordinates.owner(of: caller.user) == nil && !subordinates.isOwner(caller.user)
    }

    /// `nil` if the user ID has neither an entry nor an owner: these share one bucket. A rule for one user counts that
    /// user.
    func person(of caller: Caller, under rule: AccessRule) -> UInt32? {
        if let owner = subordinates.owner(of: caller.user) { return owner }
        let isKnown = rule.namesUser || isOwn(caller) || subordinates.isOwner(caller.user)
        return isKnown || caller.isListed != false ? caller.user : nil
    }
}

extension AccessRule {
    fileprivate var namesUser: Bool {
        conditions.contains { if case .user = $0 { true } else { false } }
    }
}
