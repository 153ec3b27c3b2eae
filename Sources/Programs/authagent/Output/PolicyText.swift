internal import AgentAPI

/// The policy decisions about a process as text.
struct PolicyText {
    private let report: PolicyReport

    init(_ report: PolicyReport) { self.report = report }

    var text: String {
        (caller + [""] + report.rules.flatMap(rule) + decisions).map(Console.clean).joined(separator: "\n")
    }

    private var caller: [String] {
        let caller = report.caller
        let own = caller.isOwn ? (caller.uid == 0 ? ", root" : ", the agent's own user") : ""
        var lines = ["process \(caller.pid): uid \(caller.uid)\(own), gid \(caller.gid)"]
        func add(_ name: String, _ value: String?) {
            if let value { lines.append("  \(name): \(value)") }
        }
        if !caller.groups.isEmpty { add("groups", caller.groups.map { "\($0)" }.joined(separator: ", ")) }
        add(
            "executable",
            caller.executable ?? caller.executableClaimed.map { "\($0), as the process shows it" } ?? "cannot be read")
        add("sha256", caller.executableDigest)
        add("unit", caller.unit)
        add("slice", caller.slice)
        add("user unit", caller.userUnit)
        return lines
    }

    private func rule(_ rule: RuleDescription) -> [String] {
        let verdict: String =
            if rule.uncertain {
                "it is unknown whether it matches, so it refuses what it does not allow without a bound"
            } else if rule.rule == report.rule {
                "decides"
            } else {
                rule.matches ? "matches, but comes later" : "does not match"
            }
        var lines = ["rule \(rule.rule) (\(rule.source)): \(verdict)"]
        for condition in rule.conditions {
            let found =
                condition.isUncertain
                ? condition.found.map { "the process sees \($0), which is not the file that the agent finds there" }
                    ?? "which cannot be determined"
                : condition.found.map { "found \($0)" } ?? "not known"
            let answer = condition.isMet ? "yes" : condition.isUncertain ? "?  " : "no "
            lines.append(
                "  \(answer)  \(condition.name) = \(condition.wanted)" + (condition.isMet ? "" : ", \(found)"))
        }
        if rule.rule == report.rule || rule.uncertain { lines.append("  \(Self.terms(rule))") }
        return lines
    }

    private static func terms(_ rule: RuleDescription) -> String {
        var terms = ["allows " + (rule.allow.isEmpty ? "nothing" : rule.allow.joined(separator: ", "))]
        if let scopes = rule.scopes { terms.append("with no more than '\(scopes.joined(separator: " "))'") }
        if let perMinute = rule.maximumPerMinute { terms.append("up to \(perMinute) times a minute") }
        if let confirm = rule.confirm { terms.append(confirmation(confirm)) }
        if let places = places(rule) { terms.append(places) }
        if let types = rule.authorizationTypes {
            terms.append(
                types.isEmpty
                    ? "without authorization details"
                    : "with authorization details of the types '\(types.joined(separator: "', '"))' only")
        }
        if let roles = rule.awsRoles { terms.append("for the AWS roles '\(roles.joined(separator: "', '"))'") }
        return terms.joined(separator: ", ")
    }

    private static func confirmation(_ confirm: Confirmation) -> String {
        switch confirm {
        case .first: "once the agent's owner has confirmed the process"
        case .each: "each time the agent's owner has confirmed it"
        }
    }

    /// `nil` if the rule applies to all places.
    private static func places(_ rule: RuleDescription) -> String? {
        guard rule.resources != nil || rule.audiences != nil else { return nil }
        let named = (rule.resources ?? []) + (rule.audiences ?? [])
        return "for the account's own resources and audience"
            + (named.isEmpty ? " only" : ", or '\(named.joined(separator: "', '"))'")
    }

    private var decisions: [String] {
        let subject = "'\(report.account)'"
        var lines: [String] = []
        if report.rule == nil {
            let what = report.caller.isOwn ? "it may do everything" : "it may do nothing"
            lines.append("no rule matches this process and \(subject), so \(what)")
        }
        lines.append("")
        for decision in report.decisions {
            let isAgent = decision.permission == "admin"
            let why = decision.rule.map { "by rule \($0)" } ?? "by default"
            let name = decision.permission + String(repeating: " ", count: max(0, 9 - decision.permission.count))
            let confirmed = decision.confirm.map { ", confirm = \"\($0.rawValue)\"" } ?? ""
            let whole = isAgent ? ", for the agent as a whole" : ""
            lines.append("\(name) \(decision.allowed ? "allowed" : "refused")  \(why)\(confirmed)\(whole)")
        }
        return lines
    }
}
