import Foundation

/// A measured row of the table of targets.
struct Row: Encodable, Sendable {
    /// A figure with a limit.
    struct Check: Encodable, Sendable {
        enum Side: String, Encodable { case atLeast = "≥", atMost = "≤" }

        var what: String
        var value: Double
        var side: Side
        var limit: Double
        var unit: String
        /// Whether the row passes without it; it is only shown.
        var isAim = false

        var isMet: Bool { side == .atLeast ? value >= limit : value <= limit }

        static func atLeast(_ limit: Double, _ value: Double, _ what: String, unit: String = "×") -> Check {
            Check(what: what, value: value, side: .atLeast, limit: limit, unit: unit)
        }

        static func atMost(_ limit: Double, _ value: Double, _ what: String, unit: String = "×") -> Check {
            Check(what: what, value: value, side: .atMost, limit: limit, unit: unit)
        }

        var asAim: Check {
            var aim = self
            aim.isAim = true
            return aim
        }
    }

    /// A measured figure.
    struct Figure: Encodable, Sendable {
        var what: String
        var text: String
        var load: Load?

        init(_ what: String, _ text: String) { (self.what, self.text) = (what, text) }

        init(_ what: String, _ load: Load) {
            self.what = what
            self.load = load
            text =
                "\(grouped(load.perSecond))/s, median \(microseconds(load.median)), p99 \(microseconds(load.p99)), "
                + "\(load.count) requests"
        }
    }

    var name: String
    var checks: [Check]
    var figures: [Figure]

    var isMet: Bool { checks.allSatisfy { $0.isMet || $0.isAim } }

    enum CodingKeys: String, CodingKey { case name, met, checks, figures }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(isMet, forKey: .met)
        try container.encode(checks, forKey: .checks)
        try container.encode(figures, forKey: .figures)
    }

    /// The row in the table of the README, one line per check.
    var markdown: String {
        checks.map { check in
            let verdict = check.isMet ? "met" : check.isAim ? "aim missed" : "**missed**"
            let value = "\(short(check.value)) \(check.unit)".trimmingCharacters(in: .whitespaces)
            return "| \(name): \(check.what) | \(value) | \(check.side.rawValue) \(short(check.limit)) | \(verdict) |"
        }.joined(separator: "\n")
    }

    var text: String {
        var lines = ["\(isMet ? "met   " : "MISSED") \(name)"]
        for check in checks {
            let verdict = check.isMet ? "met" : check.isAim ? "aim missed" : "MISSED"
            let value = "\(short(check.value)) \(check.unit)"
            lines.append(
                "         \(padded(check.what, 52)) \(padded(value, 12)) \(check.side.rawValue) \(short(check.limit))"
                    + "   \(verdict)"
            )
        }
        for figure in figures { lines.append("         · \(padded(figure.what, 36)) \(figure.text)") }
        return lines.joined(separator: "\n")
    }
}

func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }

func short(_ value: Double) -> String { String(format: abs(value) >= 100 ? "%.0f" : "%.2f", value) }

func microseconds(_ value: Double) -> String {
    value >= 10_000 ? String(format: "%.1f ms", value / 1000) : String(format: "%.1f µs", value)
}

private func grouped(_ value: Double) -> String { String(format: "%.0f", value) }
