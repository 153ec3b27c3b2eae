/// The first rule of a machine's agent.
package struct FirstRule: Equatable, Sendable {
    package let account: String
    /// The caller; at least one of both.
    package let user: String?
    package let unit: String?

    /// Letters, digits and marks, as in the names of accounts, users and units: nothing that TOML would quote.
    package init(account: String, user: String?, unit: String?) {
        (self.account, self.user, self.unit) = (account, user, unit)
    }

    package var lines: [String] {
        ["[[rule]]", "accounts = [\"\(account)\"]"] + (user.map { ["user = \"\($0)\""] } ?? [])
            + (unit.map { ["unit = \"\($0)\""] } ?? []) + ["allow = [\"token\"]"]
    }

    /// The file of a machine without rules; `rule`: `nil` for an example in comments.
    package static func file(_ rule: FirstRule?) -> String {
        let example = FirstRule(account: "work", user: "backup", unit: "backup.service").lines.map { "# " + $0 }
        return """
            # Who gets what from the agent of this machine; without a rule, nothing. authagent.toml(5) has the other keys, and
            # 'authagent policy check' explains a decision. After a change: systemctl reload authagent

            \((rule?.lines ?? example).joined(separator: "\n"))

            """
    }
}
