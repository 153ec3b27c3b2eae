internal import AgentAPI

/// The doctor's report as text: one line per check, followed by its remedy.
struct DoctorTable {
    private let report: DoctorReport

    init(_ report: DoctorReport) { self.report = report }

    var text: String {
        let width = report.checks.map(\.id.rawValue.count).max() ?? 0
        return report.checks.flatMap { check in
            var lines = [
                "\(padded(check.state.rawValue, 7))  \(padded(check.id.rawValue, width))  \(Self.words(check))"
            ]
            if let hint = check.hint { lines.append("  hint: \(hint)") }
            return lines
        }
        .map(Console.clean).joined(separator: "\n")
    }

    /// The result of a check and the subject it is about.
    private static func words(_ check: DoctorCheck) -> String {
        let whose = check.account?.description ?? check.issuer
        return whose.map { "\($0): \(check.detail)" } ?? check.detail
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
