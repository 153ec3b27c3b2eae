internal import Policy

/// Rules that an earlier rule leaves nothing for: the first match decides, whatever the request.
enum RuleOrder {
    /// Patterns of accounts that are compared with each other at most. It would take long for hostile files only.
    private static let mostComparisons = 100_000

    /// Returns each such rule with the earlier one. Not all of them: it compares what is written, and does not work out
    /// which users are in a group.
    static func unreachable(_ rules: [AccessRule]) -> [(rule: AccessRule, earlier: AccessRule)] {
        var comparisons = 0
        return rules.indices.compactMap { index in
            let rule = rules[index]
            let earlier = rules[..<index].first { earlier in
                guard comparisons < mostComparisons else { return false }
                comparisons += rule.accounts.count * earlier.accounts.count
                return covers(earlier, rule)
            }
            return earlier.map { (rule, $0) }
        }
    }

    private static func covers(_ earlier: AccessRule, _ later: AccessRule) -> Bool {
        let conditions = Set(later.conditions.map(comparable))
        return earlier.conditions.allSatisfy { $0 == .everyUser || conditions.contains(comparable($0)) }
            && later.accounts.allSatisfy { account in
                earlier.accounts.contains { pattern in
                    pattern == account || pattern.isEverything
                        || !account.description.contains("*") && pattern.matches(account.description)
                }
            }
    }

    /// A user's number, whether or not the rule has the name.
    private static func comparable(_ condition: AccessRule.Condition) -> AccessRule.Condition {
        if case .user(let id, _) = condition { .user(id, name: nil) } else { condition }
    }
}
