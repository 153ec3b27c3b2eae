import AgentAPI
import Policy
import Testing

/// Rules about facts that cannot be determined.
struct UncertainCallerTests {
    private static let everything = Set(Permission.allCases)

    private func caller(
        _ uncertain: CallerFacts, user: UInt32 = 7, executable: String? = nil, unit: String? = nil
    ) -> Caller {
        var caller = RuleFixture.caller(user, executable: executable, unit: unit)
        caller.uncertain = uncertain
        return caller
    }

    private func decide(_ permission: Permission, _ caller: Caller, _ rules: AccessRule...) -> Decision {
        let rules = AccessRules(owner: RuleFixture.owner, rules: rules)
        let decision = rules.decide(permission, on: RuleFixture.account("work"), for: caller)
        // Both interfaces agree.
        let request = AccessRequest([permission], on: RuleFixture.account("work"))
        let answer = CurrentRules(rules).decide(request, for: caller, known: .all)
        let outcome: Verdict.Outcome = decision.isAllowed ? .allowed(decision.bound) : .refused(permission)
        #expect(answer == .verdict(Verdict(outcome, rule: decision.rule)))
        return decision
    }

    private let facts: [(AccessRule.Condition, CallerFacts)] = [
        (.executable("/x"), .executable), (.executableDigest("ab"), .executableDigest),
        (.unit(Glob("a.service")), .unit), (.group(50, name: "ops"), .supplementaryGroups),
    ]

    @Test("a rule that denies or bounds refuses an uncertain caller, whatever later rules allow")
    func narrowing() {
        for (condition, fact) in facts {
            for user in [7, RuleFixture.owner, 0] as [UInt32] {
                for rule in [
                    RuleFixture.rule(["work"], condition, allow: []),
                    RuleFixture.rule(["work"], condition, allow: [.status]),
                    RuleFixture.rule(["work"], condition, scopes: ["a"]),
                    RuleFixture.rule(["work"], condition, perMinute: 5),
                    RuleFixture.rule(["work"], condition, .user(user, name: nil), allow: []),
                ] {
                    let later = RuleFixture.rule(["work"], .everyUser, allow: Self.everything)
                    let decision = decide(.token, caller(fact, user: user), rule, later)
                    #expect(decision == Decision(isAllowed: false, rule: 1), "\(condition)")
                    // Not if another condition is certainly not met, or the rule is about another account.
                    let other = RuleFixture.rule(["work"], condition, .user(99, name: nil), allow: [])
                    #expect(decide(.token, caller(fact, user: user), other, later).rule == 2)
                    let elsewhere = RuleFixture.rule(["else"], condition, allow: [])
                    #expect(decide(.token, caller(fact, user: user), elsewhere, later).rule == 2)
                }
            }
        }
    }

    @Test("a rule allows an uncertain caller nothing; later rules decide what it allows freely")
    func giving() {
        for (condition, fact) in facts {
            let rule = RuleFixture.rule(["work"], condition, allow: [.token, .status])
            #expect(decide(.token, caller(fact), rule) == Decision(isAllowed: false, rule: nil))
            let later = RuleFixture.rule(["work"], .everyUser, allow: [.token, .login])
            #expect(decide(.token, caller(fact), rule, later) == Decision(isAllowed: true, rule: 2))
            #expect(decide(.status, caller(fact), rule, later) == Decision(isAllowed: false, rule: 2))
            #expect(decide(.login, caller(fact), rule, later) == Decision(isAllowed: false, rule: 1))
            #expect(decide(.token, caller(fact, user: RuleFixture.owner), rule).isAllowed)
        }
    }

    @Test("a path that is another file for the agent meets no rule, and is certainly no other path")
    func claimed() {
        let claims = caller(.executable, executable: "/x")
        let later = RuleFixture.rule(["work"], .everyUser)
        #expect(!decide(.token, claims, RuleFixture.rule(["work"], .executable("/x"))).isAllowed)
        #expect(decide(.token, claims, RuleFixture.rule(["work"], .executable("/x"), allow: []), later).rule == 1)
        #expect(decide(.token, claims, RuleFixture.rule(["work"], .executable("/y"), allow: []), later).rule == 2)
    }

    @Test("facts that only a later rule needs are still requested")
    func later() {
        let rules = RuleFixture.rules(
            RuleFixture.rule(["work"], .executable("/x")), RuleFixture.rule(["work"], .unit(Glob("a.service"))))
        let account = RuleFixture.account("work")
        #expect(rules.facts(on: account, for: caller(.executable), known: .executable) == .unit)
    }
}
