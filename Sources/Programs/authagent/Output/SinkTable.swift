internal import AgentAPI

/// The sinks as text, one line each, and what is wrong with them.
struct SinkTable {
    private let sinks: [SinkStatus]
    private let now: Int

    /// `now` in seconds since 1970.
    init(_ sinks: [SinkStatus], now: Int) { (self.sinks, self.now) = (sinks, now) }

    var lines: [String] {
        let rows = [["SINK", "STATE", "EXPIRES", "ACCOUNT", "WHAT"]] + sinks.map(row)
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines: [String] = []
        for (index, row) in rows.enumerated() {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            lines.append(line)
            guard index > 0 else { continue }
            let sink = sinks[index - 1]
            if let detail = sink.detail { lines.append("  \(detail)") }
            if let hint = sink.hint { lines.append("  hint: \(hint)") }
        }
        return lines
    }

    private func row(_ sink: SinkStatus) -> [String] {
        let expires = sink.expiresAt.map { $0 < now ? "past" : "in \(TimeSpan.words($0 - now))" } ?? "-"
        return [sink.path, sink.state.rawValue, expires, sink.account.description, sink.what.rawValue]
    }
}
