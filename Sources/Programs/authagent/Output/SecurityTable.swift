internal import AgentAPI

/// The report of `authagent status --security` as text: one line per check, followed by what improves it.
struct SecurityTable {
    private let report: SecurityReport

    init(_ report: SecurityReport) { self.report = report }

    var text: String {
        let width = report.checks.map(\.id.rawValue.count).max() ?? 0
        var lines = report.checks.flatMap { check in
            var lines = ["\(padded(check.grade.rawValue, 6))  \(padded(check.id.rawValue, width))  \(check.detail)"]
            if let hint = check.hint { lines.append("  hint: \(hint)") }
            return lines
        }
        lines.append("")
        lines.append("overall: \(report.grade.rawValue)")
        if !report.strict { lines.append("an agent with 'strict' would not start here") }
        return lines.map(Console.clean).joined(separator: "\n")
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
