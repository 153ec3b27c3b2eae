/// Cells, counted by the agent's progress and the call at the kill.
struct Matrix {
    private struct Row: Hashable {
        let phase: Cell.Phase
        /// `nil`: all calls of the phase.
        let call: String?
    }

    private struct Count {
        var recovered = 0
        var lost = 0
        var unexpected = 0

        var text: String {
            if recovered + lost + unexpected == 0 { return "-" }
            return "\(recovered) / \(lost)" + (unexpected > 0 ? " / \(unexpected) UNEXPECTED" : "")
        }
    }

    private let policies: [Policy]
    private var counts: [Row: [Policy: Count]] = [:]
    private(set) var count = 0
    private(set) var unexpected = 0

    init(policies: [Policy]) { self.policies = policies }

    mutating func add(_ cell: Cell, _ policy: Policy) {
        count += 1
        let isUnexpected = !cell.violations.isEmpty
        if isUnexpected { unexpected += 1 }
        for row in Set([Row(phase: cell.phase, call: nil), Row(phase: cell.phase, call: cell.call)]) {
            if isUnexpected {
                counts[row, default: [:]][policy, default: Count()].unexpected += 1
            } else if cell.first == .recovered {
                counts[row, default: [:]][policy, default: Count()].recovered += 1
            } else {
                counts[row, default: [:]][policy, default: Count()].lost += 1
            }
        }
    }

    /// A Markdown table of recovered and lost logins, for each phase and each call in it.
    func text(withCalls: Bool) -> String {
        var lines = [["killed at (recovered / login_required)"] + policies.map(\.rawValue)]
        for phase in Cell.Phase.allCases {
            let calls = withCalls ? counts.keys.filter { $0.phase == phase }.compactMap(\.call).sorted() : []
            for call in [nil] + calls.map(Optional.some) {
                guard let counts = counts[Row(phase: phase, call: call)] else { continue }
                let title = call.map { "- \($0)" } ?? phase.rawValue
                lines.append([title] + policies.map { counts[$0, default: Count()].text })
            }
        }
        let widths = (0...policies.count).map { column in lines.map { $0[column].count }.max() ?? 0 }
        lines.insert(widths.map { String(repeating: "-", count: $0) }, at: 1)
        return lines.map { line in
            "| " + zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ")
                + " |"
        }.joined(separator: "\n")
    }
}
