import AgentAPI
import Policy
import Synchronization
import Testing

struct CurrentRulesTests {
    private final class Clock: Sendable {
        private let moment = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { moment.withLock { $0 } }
        func advance(_ duration: Duration) { moment.withLock { $0 += duration } }
    }

    private let clock = Clock()

    private func inForce(_ rules: AccessRule...) -> CurrentRules {
        CurrentRules(AccessRules(owner: RuleFixture.owner, rules: rules)) { [clock] in clock.now }
    }

    private func ask(
        _ rules: CurrentRules, _ permissions: [Permission] = [.token], on account: String? = "work",
        scopes: [String] = [], by user: UInt32 = 7
    ) -> Verdict? {
        let request = AccessRequest(permissions, on: account.map(RuleFixture.account), scopes: scopes)
        guard case .verdict(let verdict) = rules.decide(request, for: RuleFixture.caller(user), known: .all) else {
            return nil
        }
        return verdict
    }

    @Test("a request without one of its permissions is refused, and the missing one named")
    func permissions() {
        let rules = inForce(RuleFixture.rule(["work"], .user(7, name: nil), allow: [.token]))
        #expect(ask(rules) == Verdict(.allowed(nil), rule: 1))
        #expect(ask(rules, [.token, .idToken]) == Verdict(.refused(.idToken), rule: 1))
        #expect(ask(rules, [.status]) == Verdict(.refused(.status), rule: 1))
        #expect(ask(rules, on: "other") == Verdict(.refused(.token), rule: nil))
        #expect(ask(rules, on: nil) == Verdict(.refused(.token), rule: nil))
        #expect(ask(rules, Permission.allCases, by: RuleFixture.owner) == Verdict(.allowed(nil), rule: nil))
    }

    @Test("scopes beyond the bound are refused and named; those within it are bound by it")
    func scopes() {
        let rules = inForce(RuleFixture.rule(["work"], .user(7, name: nil), scopes: ["repo:read", "user"]))
        let bound = TokenBound(scopes: ScopeBound(["user", "repo:read"]))
        #expect(ask(rules) == Verdict(.allowed(bound), rule: 1))
        #expect(ask(rules, scopes: ["user"]) == Verdict(.allowed(bound), rule: 1))
        #expect(
            ask(rules, scopes: ["repo:write", "user", "User"]) == Verdict(.beyond(["repo:write", "User"]), rule: 1))
        #expect(ask(rules, scopes: ["repo"]) == Verdict(.beyond(["repo"]), rule: 1))
    }

    @Test("a rate is per rule and user; once used up it names the wait, and refills evenly")
    func rate() {
        let rules = inForce(
            RuleFixture.rule(["work"], .everyUser, perMinute: 6), RuleFixture.rule(["other"], .everyUser, perMinute: 1)
        )
        for _ in 0..<6 { #expect(ask(rules)?.outcome == .allowed(nil)) }
        #expect(ask(rules) == Verdict(.tooMany(retryAfter: 10), rule: 1))
        #expect(ask(rules, by: 8)?.outcome == .allowed(nil))
        #expect(ask(rules, on: "other")?.outcome == .allowed(nil))
        #expect(ask(rules, on: "other")?.outcome == .tooMany(retryAfter: 60))
        clock.advance(.seconds(4))
        #expect(ask(rules)?.outcome == .tooMany(retryAfter: 6))
        clock.advance(.seconds(6))
        #expect(ask(rules)?.outcome == .allowed(nil))
        #expect(ask(rules)?.outcome == .tooMany(retryAfter: 10))
        // An hour saves up no more than a minute.
        clock.advance(.seconds(3600))
        for _ in 0..<6 { #expect(ask(rules)?.outcome == .allowed(nil)) }
        #expect(ask(rules)?.outcome == .tooMany(retryAfter: 10))
    }

    @Test("a refused request does not use up the rate")
    func refusedIsFree() {
        let rules = inForce(RuleFixture.rule(["work"], .everyUser, scopes: ["a"], perMinute: 1))
        for _ in 0..<5 {
            #expect(ask(rules, [.logout])?.outcome == .refused(.logout))
            #expect(ask(rules, scopes: ["b"])?.outcome == .beyond(["b"]))
        }
        #expect(ask(rules)?.outcome == .allowed(TokenBound(scopes: ScopeBound(["a"]))))
        #expect(ask(rules)?.outcome == .tooMany(retryAfter: 60))
    }

    @Test("the rate budgets of thousands of users are bounded")
    func manyUsers() {
        let rules = inForce(RuleFixture.rule(["work"], .everyUser, perMinute: 1))
        for user in 1...10_000 as ClosedRange<UInt32> where user != RuleFixture.owner {
            clock.advance(.milliseconds(1))
            #expect(ask(rules, by: user)?.outcome == .allowed(nil))
        }
        // The latest are remembered.
        #expect(ask(rules, by: 10_000)?.outcome == .tooMany(retryAfter: 60))
        #expect(ask(rules, by: 6_000)?.outcome == .tooMany(retryAfter: 56))
    }

    @Test("a list uses one from each rule that allows something, and has what each rule allows")
    func list() {
        let rules = inForce(
            RuleFixture.rule(["work"], .everyUser, allow: [.status], perMinute: 1),
            RuleFixture.rule(["*"], .user(8, name: nil), allow: [.token], perMinute: 1)
        )
        func list(_ user: UInt32) -> CurrentRules.Answer {
            rules.decideList(.status, for: RuleFixture.caller(user), known: .userEntry)
        }
        #expect(list(7) == .verdict(Verdict(.allowed(nil), rule: nil)))
        #expect(list(7) == .verdict(Verdict(.tooMany(retryAfter: 60), rule: 1)))
        #expect(list(8) == .verdict(Verdict(.allowed(nil), rule: nil)))
        #expect(ask(rules, on: "x", by: 8)?.outcome == .allowed(nil))
    }

    @Test("missing caller facts are requested before a decision")
    func unknown() {
        let rules = inForce(
            RuleFixture.rule(["work"], .executable("/bad"), allow: []), RuleFixture.rule(["work"], .user(7, name: nil))
        )
        let request = AccessRequest([.token], on: RuleFixture.account("work"))
        #expect(rules.decide(request, for: RuleFixture.caller(7), known: []) == .needs(.executableClaim))
        #expect(rules.decideList(.status, for: RuleFixture.caller(7), known: []) == .needs(.executableClaim))
        #expect(
            rules.decide(request, for: RuleFixture.caller(7, executable: "/bad"), known: .executable)
                == .verdict(Verdict(.refused(.token), rule: 1)))
    }

    @Test("new rules apply at once with full rates; the same rules again change nothing")
    func replacing() {
        let rule = RuleFixture.rule(["work"], .everyUser, perMinute: 1)
        let rules = inForce(rule)
        let changes = Mutex(0)
        rules.whenChanged { changes.withLock { $0 += 1 } }
        #expect(ask(rules)?.outcome == .allowed(nil))
        rules.replace(AccessRules(owner: RuleFixture.owner, rules: [rule]))
        #expect(ask(rules)?.outcome == .tooMany(retryAfter: 60))
        #expect(changes.withLock { $0 } == 0)
        rules.replace(AccessRules(owner: RuleFixture.owner, rules: [RuleFixture.rule(["work"], .everyUser, allow: [])]))
        #expect(ask(rules)?.outcome == .refused(.token))
        rules.replace(AccessRules(owner: RuleFixture.owner, rules: [rule]))
        #expect(ask(rules)?.outcome == .allowed(nil))
        #expect(changes.withLock { $0 } == 2)
    }
}
