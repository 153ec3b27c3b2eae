public import AgentAPI

/// A test case for the rules: a caller, a request and the expected result.
public struct PolicyExpectation: Equatable, Sendable {
    public var caller: Caller
    public var request: AccessRequest
    public var isAllowed: Bool
    public var rule: Rule
    public var confirm: Confirm
    /// The line in its file.
    public var line: Int?

    public enum Rule: Equatable, Sendable {
        case any
        /// No rule applies.
        case none
        /// From 1.
        case number(Int)
    }

    /// The confirmation of an allowed request.
    public enum Confirm: Equatable, Sendable {
        case any
        case exactly(Confirmation?)
    }

    public init(
        caller: Caller, request: AccessRequest, isAllowed: Bool, rule: Rule, confirm: Confirm = .any, line: Int?
    ) {
        self.caller = caller
        self.request = request
        self.isAllowed = isAllowed
        self.rule = rule
        self.confirm = confirm
        self.line = line
    }

    /// `nil` if the expectation is met.
    public func failure(under rules: AccessRules) -> PolicyTestReport.Failure? {
        // With full rate budgets: a test does not depend on earlier requests.
        guard case .verdict(let verdict) = CurrentRules(rules).decide(request, for: caller, known: .all) else {
            preconditionFailure("everything is known")
        }
        let got = if case .allowed = verdict.outcome { true } else { false }
        let isRight =
            switch rule {
            case .any: true
            case .none: verdict.rule == nil
            case .number(let number): verdict.rule == number
            }
        let isConfirmedRight = confirm == .any || confirm == .exactly(verdict.confirm)
        guard got != isAllowed || !isRight || !isConfirmedRight else { return nil }
        return PolicyTestReport.Failure(
            line: line, expected: Self.words(isAllowed, rule, confirm),
            got: Self.words(
                got, verdict.rule.map(Rule.number) ?? .none, confirm == .any ? .any : .exactly(verdict.confirm)),
            reason: reason(verdict, rules)
        )
    }

    private static func words(_ isAllowed: Bool, _ rule: Rule, _ confirm: Confirm) -> String {
        let confirmed: String =
            switch confirm {
            case .exactly(let how?) where isAllowed: " with confirm = \"\(how.rawValue)\""
            case .exactly(nil) where isAllowed: " without a confirmation"
            case .any, .exactly: ""
            }
        let result = (isAllowed ? "allow" : "deny") + confirmed
        switch rule {
        case .any: return result
        case .none: return "\(result) by no rule"
        case .number(let number): return "\(result) by rule \(number)"
        }
    }

    private func reason(_ verdict: Verdict, _ rules: AccessRules) -> String {
        let who: String =
            if let number = verdict.rule {
                "rule \(number) (\(rules.rules[number - 1].source)) decides"
            } else if rules.isOwn(caller) {
                "no rule applies; by default the agent's own user and root may do everything"
            } else {
                "no rule applies; by default other users may do nothing"
            }
        var reasons = [who]
        switch verdict.outcome {
        case .allowed, .tooMany: break
        case .refused(let permission):
            if let number = verdict.rule {
                let isForRoles = rules.rules[number - 1].allow.contains(permission)
                reasons.append(
                    "it does not allow '\(permission.rawValue)'" + (isForRoles ? " but for its aws_roles" : ""))
            }
        case .beyond(let scopes): reasons.append("it does not allow the scope '\(scopes.joined(separator: " "))'")
        case .beyondTypes(let types):
            reasons.append("it does not allow authorization details of the type '\(types.joined(separator: "', '"))'")
        case .beyondRoles(let role): reasons.append("it does not allow the AWS role '\(role.text)'")
        }
        if case .number(let number) = rule, number != verdict.rule {
            reasons.append(rules.whyNot(number, request.account, caller))
        }
        return reasons.joined(separator: "; ")
    }
}

extension AccessRules {
    /// Explains why a rule does not decide.
    fileprivate func whyNot(_ number: Int, _ account: AccountName?, _ caller: Caller) -> String {
        guard rules.indices.contains(number - 1) else { return "there is no rule \(number)" }
        let rule = rules[number - 1]
        guard rule.isAbout(account) else {
            return "rule \(number) does not apply to \(account.map { "'\($0)'" } ?? "the agent as a whole")"
        }
        guard let unmet = rule.conditions.first(where: { !$0.isMet(by: caller, owner: owner) }) else {
            return "rule \(number) comes later"
        }
        let found = unmet.found(of: caller, owner: owner).map { "but the caller has \($0)" }
        return "rule \(number) requires \(unmet.key) \(unmet.wanted), "
            + (found ?? "which the expectation does not give")
    }
}
