/// Whose requests count together. Of one person there may be 65,536 user IDs (subuid(5)).
extension AccessRules {
    /// Whether it depends on the caller's entry which bucket a request takes from.
    func needsUserEntry(_ rule: AccessRule, of caller: Caller, _ known: CallerFacts) -> Bool {
        rule.maximumPerMinute != nil && !known.contains(.userEntry) && !rule.namesUser && !isOwn(caller)
            && subordinates.owner(of: caller.user) == nil && !subordinates.isOwner(caller.user)
    }

    /// `nil`: all user IDs together that have neither an entry nor an owner; a rule for one user knows its user.
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
