import AgentAPI
import Policy
import Testing

struct AccessRulesTests {
    @Test("without rules the agent's own user and root may everything, others nothing", arguments: Permission.allCases)
    func defaults(permission: Permission) throws {
        let rules = AccessRules(owner: 1000)
        let account = try #require(AccountName("work"))
        // By the user alone: a group makes nobody another.
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
}
