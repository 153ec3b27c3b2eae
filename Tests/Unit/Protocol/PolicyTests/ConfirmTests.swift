import AgentAPI
import Policy
import Testing

/// `confirm` of a rule, as the rules decide it.
struct ConfirmTests {
    private func rule(_ confirm: AgentAPI.Confirmation?, allow: Set<Permission> = [.token]) -> AccessRule {
        var rule = RuleFixture.rule(["work"], .everyUser, allow: allow)
        rule.confirm = confirm
        return rule
    }

    private let token = AccessRequest([.token], on: RuleFixture.account("work"))

    private func verdict(_ rules: AccessRules, _ request: AccessRequest) -> Verdict? {
        guard
            case .verdict(let verdict) = CurrentRules(rules).decide(request, for: RuleFixture.caller(1), known: .all)
        else { return nil }
        return verdict
    }

    @Test(
        "an allowed request carries the rule's confirmation, and a refused one none",
        arguments: AgentAPI.Confirmation.allCases)
    func verdict(confirm: AgentAPI.Confirmation) throws {
        let rules = RuleFixture.rules(rule(confirm))
        #expect(verdict(rules, token) == Verdict(.allowed(nil), rule: 1, confirm: confirm))
        let status = AccessRequest([.status], on: token.account)
        #expect(verdict(rules, status) == Verdict(.refused(.status), rule: 1))
    }

    @Test("the lane decides no request that has to be confirmed")
    func lane() {
        let caller = RuleFixture.caller(1)
        #expect(CurrentRules(RuleFixture.rules(rule(nil))).allowsPlainly(token, for: caller, known: .all))
        for confirm in AgentAPI.Confirmation.allCases {
            #expect(!CurrentRules(RuleFixture.rules(rule(confirm))).allowsPlainly(token, for: caller, known: .all))
        }
    }

    @Test("a rule that cannot be decided refuses what it allows only with a confirmation")
    func uncertain() throws {
        var unknown = RuleFixture.rule(["work"], .unit(Glob("a.service")), allow: [.token])
        var caller = RuleFixture.caller(1)
        caller.uncertain = .unit
        let later = RuleFixture.rule(["work"], .everyUser, allow: [.token])
        #expect(RuleFixture.rules(unknown, later).decide(.token, on: token.account, for: caller).isAllowed)
        unknown.confirm = .first
        #expect(!RuleFixture.rules(unknown, later).decide(.token, on: token.account, for: caller).isAllowed)
    }

    @Test("the report names the confirmation at the rule and at what it allows")
    func report() throws {
        let account = try #require(token.account)
        let report = RuleFixture.rules(rule(.each)).report(on: account, for: RuleFixture.caller(1))
        #expect(report.rules.first?.confirm == .each)
        #expect(report.decisions.filter { $0.confirm == .each }.map(\.permission) == ["token"])
    }

    @Test("an expectation may name the confirmation")
    func expectation() {
        func failure(_ confirm: PolicyExpectation.Confirm, _ rule: AccessRule) -> PolicyTestReport.Failure? {
            PolicyExpectation(
                caller: RuleFixture.caller(1), request: token, isAllowed: true, rule: .any, confirm: confirm, line: 1
            ).failure(under: RuleFixture.rules(rule))
        }
        #expect(failure(.any, rule(.first)) == nil)
        #expect(failure(.exactly(.first), rule(.first)) == nil)
        #expect(failure(.exactly(nil), rule(nil)) == nil)
        #expect(failure(.exactly(.first), rule(.each))?.got == "allow with confirm = \"each\" by rule 1")
        #expect(failure(.exactly(nil), rule(.each))?.expected == "allow without a confirmation")
    }
}
