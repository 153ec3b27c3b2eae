import AgentAPI
import Policy
import Testing

/// Which requests count together under a rule with a rate.
struct PersonTests {
    private static let subordinates = SubordinateUsers(parsing: "7:100000:65536\n8:200000:65536\n") { _ in nil }

    private func inForce(_ rules: AccessRule...) -> CurrentRules {
        let now = ContinuousClock.now
        return CurrentRules(
            AccessRules(owner: RuleFixture.owner, rules: rules, subordinates: Self.subordinates)
        ) { now }
    }

    /// Returns the requests of these users that the rate lets through, in order.
    private func allowed(_ rules: CurrentRules, _ users: [UInt32], isListed: Bool? = nil) -> [UInt32] {
        users.filter { user in
            var caller = RuleFixture.caller(user, groups: [27])
            caller.isListed = isListed
            let request = AccessRequest([.token], on: RuleFixture.account("work"))
            guard case .verdict(let verdict) = rules.decide(request, for: caller, known: .all) else { return false }
            return verdict.outcome == .allowed(nil)
        }
    }

    private static let forMany: [AccessRule.Condition] = [.everyUser, .group(27, name: "sudo")]

    @Test("subordinate user IDs and their owner share a rate under every kind of rule", arguments: forMany)
    func owner(condition: AccessRule.Condition) {
        let rules = inForce(RuleFixture.rule(["work"], condition, perMinute: 3))
        #expect(allowed(rules, [7, 100_000, 165_535, 100_001, 7]) == [7, 100_000, 165_535])
        #expect(allowed(rules, Array(100_010..<100_050)).isEmpty)
        // Other users have their own.
        #expect(allowed(rules, [8, 200_000, 200_001, 200_002]) == [8, 200_000, 200_001])
        #expect(allowed(rules, [9]) == [9])
    }

    @Test("user IDs without entry and owner share one rate; users with an entry have their own")
    func unlisted() {
        for condition in Self.forMany {
            let rules = inForce(RuleFixture.rule(["work"], condition, perMinute: 3))
            #expect(allowed(rules, Array(300_000..<300_040), isListed: false) == [300_000, 300_001, 300_002])
            #expect(allowed(rules, [1500, 1501], isListed: true) == [1500, 1501])
            // An owner counts as one, with or without an entry.
            #expect(allowed(rules, [7, 100_000, 100_001, 100_002], isListed: false) == [7, 100_000, 100_001])
        }
    }

    @Test("a rule for one user, the agent's own user and root do not need an entry")
    func named() {
        let rules = inForce(
            RuleFixture.rule(["work"], .user(5555, name: nil), perMinute: 1),
            RuleFixture.rule(["work"], .everyUser, perMinute: 1))
        #expect(allowed(rules, [300_000, 5555, 300_001], isListed: false) == [300_000, 5555])
        #expect(allowed(rules, [0, RuleFixture.owner], isListed: false) == [0, RuleFixture.owner])
    }

    @Test("an entry is looked up only if a rate depends on it")
    func need() {
        func needed(_ rule: AccessRule, _ user: UInt32, _ permission: Permission = .token) -> CallerFacts? {
            let request = AccessRequest([permission], on: RuleFixture.account("work"))
            let known = CallerFacts.all.subtracting(.userEntry)
            guard case .needs(let facts) = inForce(rule).decide(request, for: RuleFixture.caller(user), known: known)
            else { return nil }
            return facts
        }
        let limited = RuleFixture.rule(["work"], .everyUser, perMinute: 1)
        #expect(needed(limited, 9) == .userEntry)
        #expect(needed(limited, 100_000) == nil)
        #expect(needed(limited, RuleFixture.owner) == nil)
        #expect(needed(limited, 0) == nil)
        #expect(needed(RuleFixture.rule(["work"], .everyUser), 9) == nil)
        #expect(needed(RuleFixture.rule(["work"], .user(9, name: nil), perMinute: 1), 9) == nil)
        guard
            case .needs(.userEntry) = inForce(RuleFixture.rule(["work"], .everyUser, allow: [.status], perMinute: 1))
                .decideList(.status, for: RuleFixture.caller(9), known: CallerFacts.all.subtracting(.userEntry))
        else {
            Issue.record("a list needs nothing")
            return
        }
    }

    @Test("lists count by user as well")
    func lists() {
        let rules = inForce(RuleFixture.rule(["work"], .everyUser, allow: [.status], perMinute: 2))
        let users: [UInt32] = [7, 100_000, 100_001]
        let outcomes = users.map { user -> Verdict.Outcome? in
            guard case .verdict(let verdict) = rules.decideList(.status, for: RuleFixture.caller(user), known: .all)
            else { return nil }
            return verdict.outcome
        }
        #expect(outcomes == [.allowed(nil), .allowed(nil), .tooMany(retryAfter: 30)])
    }
}
