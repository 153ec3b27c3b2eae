import AgentAPI
import Policy
import Testing

struct AccessRulesTests {
    @Test(
        "without rules the agent's own user and root may do everything, others nothing", arguments: Permission.allCases)
    func defaults(permission: Permission) throws {
        let rules = AccessRules(owner: 1000)
        let account = try #require(AccountName("work"))
        // Decided by the user alone: groups do not matter.
        let callers: [(user: UInt32, group: UInt32, isAllowed: Bool)] = [
            (1000, 1000, true), (1000, 5, true), (0, 7, true), (1001, 1000, false), (1001, 0, false),
            (65_534, 65_534, false), (.max, .max, false),
        ]
        for (user, group, isAllowed) in callers {
            let caller = Caller(pid: 1, user: user, group: group, supplementaryGroups: [0, 1000])
            #expect(rules.decide(permission, on: account, for: caller).isAllowed == isAllowed)
            #expect(rules.decide(permission, on: nil, for: caller).isAllowed == isAllowed)
            #expect(rules.mayConnect(caller) == isAllowed)
        }
    }

    @Test("the first rule that matches account and caller decides every permission")
    func firstMatch() {
        let rules = RuleFixture.rules(
            RuleFixture.rule(["work"], .user(7, name: nil), allow: [.token]),
            RuleFixture.rule(["work", "ci-*"], .user(7, name: nil), allow: [.status, .logout]),
            RuleFixture.rule(["*"], .group(50, name: "ops"), allow: Set(Permission.allCases)),
            RuleFixture.rule(["secret"], .everyUser, allow: [])
        )
        let table: [(caller: Caller, account: String?, rule: Int?, allowed: Set<Permission>)] = [
            (RuleFixture.caller(7), "work", 1, [.token]),
            (RuleFixture.caller(7), "ci-1", 2, [.status, .logout]),
            (RuleFixture.caller(7), "other", nil, []),
            (RuleFixture.caller(7, groups: [50]), "work", 1, [.token]),
            (RuleFixture.caller(7, groups: [50]), "other", 3, Set(Permission.allCases)),
            (RuleFixture.caller(7, groups: [50]), nil, 3, Set(Permission.allCases)),
            (RuleFixture.caller(7), nil, nil, []),
            (RuleFixture.caller(8), "work", nil, []),
            (RuleFixture.caller(1000), "work", nil, Set(Permission.allCases)),
            (RuleFixture.caller(0), "work", nil, Set(Permission.allCases)),
            // A rule for all users applies to the owner and root as well.
            (RuleFixture.caller(1000), "secret", 4, []),
            (RuleFixture.caller(0), "secret", 4, []),
            (RuleFixture.caller(1000), nil, nil, Set(Permission.allCases)),
        ]
        for (caller, account, rule, allowed) in table {
            for permission in Permission.allCases {
                let decision = rules.decide(permission, on: account.map(RuleFixture.account), for: caller)
                #expect(decision.rule == rule, "\(caller) \(account ?? "agent")")
                #expect(
                    decision.isAllowed == allowed.contains(permission), "\(caller) \(account ?? "agent") \(permission)")
            }
        }
    }

    @Test("a caller allowed nothing by user and groups may not connect; unknown facts may suffice")
    func connecting() {
        let rules = RuleFixture.rules(
            RuleFixture.rule(["*"], .user(6, name: nil), allow: []),
            RuleFixture.rule(["work"], .user(7, name: nil), .executable("/x"), allow: [.token]),
            RuleFixture.rule(["work"], .group(50, name: "ci"), allow: [.token])
        )
        let table: [(Caller, Bool)] = [
            (RuleFixture.caller(1000), true), (RuleFixture.caller(0), true), (RuleFixture.caller(6), false),
            (RuleFixture.caller(7), true), (RuleFixture.caller(8), false), (RuleFixture.caller(8, group: 50), true),
            (RuleFixture.caller(8, groups: [50]), true), (RuleFixture.caller(50), false),
        ]
        for (caller, mayConnect) in table { #expect(rules.mayConnect(caller) == mayConnect, "\(caller)") }
        #expect(rules.factsToConnect(for: RuleFixture.caller(8)) == [.supplementaryGroups])
        #expect(rules.factsToConnect(for: RuleFixture.caller(1000)) == [])
    }
}
