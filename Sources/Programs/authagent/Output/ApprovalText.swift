internal import AgentAPI

/// A request that waits for a confirmation, as text.
struct ApprovalText {
    private let approval: Approval

    init(_ approval: Approval) { self.approval = approval }

    /// The caller and the request in one line.
    var line: String {
        let program = approval.executable ?? approval.executableClaimed.map { "\($0) (as the process shows it)" }
        let caller = ["uid \(approval.user)", "pid \(approval.pid)", program].compactMap(\.self)
        return "\(caller.joined(separator: ", ")): \(approval.permission)"
    }

    /// The lines of `authagent approvals`. `now` in seconds since 1970.
    func lines(now: Int) -> [String] {
        let account = approval.account?.description ?? "the agent as a whole"
        let left = TimeSpan.words(max(0, approval.expiresAt - now))
        var lines = ["\(approval.id)  \(account)  \(approval.permission)  waits for another \(left)"]
        lines.append("  uid \(approval.user), pid \(approval.pid)")
        if let executable = approval.executable { lines.append("  \(executable)") }
        if let claimed = approval.executableClaimed { lines.append("  \(claimed), as the process shows it") }
        if let unit = approval.unit { lines.append("  unit: \(unit)") }
        if let scopes = approval.scopes { lines.append("  scopes: \(scopes.joined(separator: " "))") }
        if let types = approval.authorizationTypes {
            lines.append("  authorization details: \(types.joined(separator: ", "))")
        }
        if approval.confirm == .first {
            lines.append("  an approval is for all that the rule allows this process, until it ends")
        }
        return lines
    }
}
