public import AgentAPI

/// Who may do what with which account. Pure: the same facts always get the same decision.
///
/// The first rule that is about the account and the caller decides, whatever is asked for. Where there is none, the
/// agent's own user and root may do everything, and others nothing. A rule of which nobody can tell whether it is about
/// the caller gives him nothing, and what it does not give freely he does not get from a later one either.
public struct AccessRules: Equatable, Sendable {
    /// The user that the agent runs as.
    public var owner: UInt32
    public var rules: [AccessRule]
    /// Whose user IDs the subordinate ones are.
    public var subordinates: SubordinateUsers

    public init(owner: UInt32, rules: [AccessRule] = [], subordinates: SubordinateUsers = SubordinateUsers()) {
        self.owner = owner
        self.rules = rules
        self.subordinates = subordinates
    }

    /// Who a user ID counts as wherever requests or connections are counted: its owner if it is subordinate.
    public func counted(_ user: UInt32) -> UInt32 { subordinates.owner(of: user) ?? user }

    /// Decides over one account, or, without one, over the agent as a whole. The caller has the facts that `facts` has
    /// named.
    public func decide(_ permission: Permission, on account: AccountName?, for caller: Caller) -> Decision {
        guard let deciding = deciding([permission], on: account, for: caller) else {
            return Decision(isAllowed: isOwn(caller), rule: nil)
        }
        let rule = rules[deciding.index]
        let isAllowed = deciding.isCertain && rule.allow.contains(permission)
        return Decision(
            isAllowed: isAllowed, rule: deciding.index + 1, bound: isAllowed ? rule.bound : nil,
            maximumPerMinute: isAllowed ? rule.maximumPerMinute : nil
        )
    }

    /// What is still to be found out about a caller, of whom `known` is, for a decision over this account, or over the
    /// agent as a whole. Asking again with more that is known may need less.
    public func facts(on account: AccountName?, for caller: Caller, known: CallerFacts = []) -> CallerFacts {
        var facts: CallerFacts = []
        for rule in rules where rule.isAbout(account) {
            guard let unknown = unknown(rule, of: caller, known) else { continue }
            // This one decides without more; no one after it is asked.
            if unknown.isEmpty, isMet(rule, by: caller) { break }
            facts.formUnion(unknown)
        }
        return facts
    }

    /// The same for a decision over each account there is.
    public func factsOnEveryAccount(for caller: Caller, known: CallerFacts = []) -> CallerFacts {
        // A rule for some accounts leaves the others to those after it, so that each may be needed.
        rules.reduce(into: []) { $0.formUnion(unknown($1, of: caller, known) ?? []) }
    }

    /// Whether there is anything at all that the caller may do, as far as user and groups tell: who has nothing is
    /// refused before a byte of the request is read.
    public func mayConnect(_ caller: Caller) -> Bool {
        isOwn(caller)
            || rules.contains { !$0.allow.isEmpty && unknown($0, of: caller, .supplementaryGroups) != nil }
    }

    /// What `mayConnect` needs.
    public func factsToConnect(for caller: Caller) -> CallerFacts {
        isOwn(caller) ? [] : factsOnEveryAccount(for: caller).intersection(.supplementaryGroups)
    }

    /// The agent's own user and root, who can read its memory anyway: nothing can be kept from them.
    public func isOwn(_ caller: Caller) -> Bool { caller.user == owner || caller.user == 0 }

    /// The rule that decides.
    struct Deciding {
        var index: Int
        /// Else it refuses.
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

    /// Whether nobody can tell if the rule is about the caller.
    func isUncertain(_ rule: AccessRule, of caller: Caller) -> Bool {
        rule.conditions.contains { $0.isUncertain(of: caller) }
            && rule.conditions.allSatisfy { $0.isUncertain(of: caller) || $0.isMet(by: caller, owner: owner) }
    }

    /// What is to be found out before it is known whether the rule is about the caller; nil: it is not.
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
