/// One line of the table.
struct Row {
    let name: String
    let traffic: Traffic.Figures
    let harm: Harm
    /// When the last machine had a fresh token again, in seconds; `nil` if none had lost it.
    let recovery: Double?
    /// Whether the promises about an outage hold for it.
    let isRecovery: Bool

    init(
        _ name: String, _ fleet: Fleet, from begin: Moment, to end: Moment, isRecovery: Bool = false,
        servedAt: Moment? = nil
    ) {
        self.name = name
        traffic = fleet.traffic.figures(from: begin, to: end)
        harm = fleet.harm
        recovery = isRecovery || servedAt != nil ? (end - begin).inSeconds : nil
        self.isRecovery = isRecovery
    }

    /// The promises that this row breaks.
    var violations: [String] {
        var violations: [String] = []
        if isRecovery, traffic.ratio > 2 {
            let ratio = Self.text(traffic.ratio, digits: 2)
            violations.append("\(name): the peak is \(ratio) times the mean of the recovery")
        }
        if harm.avoidable > 0 { violations.append("\(name): \(harm.avoidable) tokens expired that could be renewed") }
        return violations
    }

    static let titles = [
        "what happens", "requests", "mean/s", "peak/s", "peak/s of 10 s", "peak/mean", "all served after", "expired",
        "avoidable", "refused programs", "their wait", "the longest",
    ]

    var cells: [String] {
        [
            name, "\(traffic.requests)", Self.text(traffic.mean, digits: 1), Self.text(traffic.peak),
            traffic.peakOfTen.map { Self.text($0) } ?? "-", Self.text(traffic.ratio, digits: 2),
            recovery.map { Self.text($0) + " s" } ?? "-", "\(harm.expired)", "\(harm.avoidable)",
            "\(harm.refused)", Self.text(harm.meanWait, digits: 1) + " s", Self.text(harm.longestWait) + " s",
        ]
    }

    static func text(_ value: Double, digits: Int = 0) -> String {
        guard digits > 0 else { return "\(Int(value.rounded()))" }
        let scale = digits == 1 ? 10 : 100
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = "\(scaled % scale + scale)".dropFirst()
        return "\(scaled / scale).\(fraction)"
    }

    /// A Markdown table.
    static func table(_ rows: [Row]) -> String {
        var lines = [titles] + rows.map(\.cells)
        let widths = titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        lines.insert(widths.map { String(repeating: "-", count: $0) }, at: 1)
        return lines.map { line in
            "| " + zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ")
                + " |"
        }.joined(separator: "\n")
    }
}
