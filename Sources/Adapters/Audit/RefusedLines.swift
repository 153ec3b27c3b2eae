/// A per-user limit on lines about refusals. Without it a user without any permission could fill the disk or flood the
/// log.
struct RefusedLines: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Refusals without a line, counted for one user; `user` is `nil` for users beyond the table's size.
    struct Suppressed: Equatable, Sendable {
        var user: UInt32?
        var count: Int
    }

    private struct Minute {
        var start: Instant
        var count = 0
        var suppressed = 0

        func isOver(at now: Instant) -> Bool { now - start >= RefusedLines.minute }
    }

    static let perMinute = 60
    static let minute: Duration = .seconds(60)
    /// The owner's subordinate user IDs (subuid(5)) are counted like any other; users beyond this number share one
    /// minute.
    static let users = 64

    private var minutes: [UInt32?: Minute] = [:]

    /// Counts a refusal, and returns whether it may have a line.
    mutating func admit(_ user: UInt32, at now: Instant) -> Bool {
        count(user, at: now) { minute in
            guard minute.count < Self.perMinute else {
                minute.suppressed += 1
                return false
            }
            minute.count += 1
            return true
        }
    }

    /// Counts a refusal without a line, of which only the user is known.
    mutating func suppress(_ user: UInt32, at now: Instant) { count(user, at: now) { $0.suppressed += 1 } }

    /// Takes the counts of elapsed minutes, or of all. Each count is returned once.
    mutating func takeSuppressed(at now: Instant, all: Bool = false) -> [Suppressed] {
        var taken: [Suppressed] = []
        for (user, minute) in minutes where all || minute.isOver(at: now) {
            if minute.suppressed > 0 { taken.append(Suppressed(user: user, count: minute.suppressed)) }
            // Until the minute has elapsed, its limit stays used up.
            minutes[user] = minute.isOver(at: now) ? nil : Minute(start: minute.start, count: minute.count)
        }
        return taken.sorted { ($0.user ?? .max) < ($1.user ?? .max) }
    }

    /// The time when the next summary is due; `nil` if none is.
    var next: Instant? { minutes.values.filter { $0.suppressed > 0 }.map { $0.start + Self.minute }.min() }

    private mutating func count<Result>(_ user: UInt32, at now: Instant, _ body: (inout Minute) -> Result) -> Result {
        if minutes[user] == nil, minutes.count >= Self.users {
            minutes = minutes.filter { $0.value.suppressed > 0 || !$0.value.isOver(at: now) }
        }
        let key = minutes[user] != nil || minutes.count < Self.users ? user : nil
        var minute = minutes[key] ?? Minute(start: now)
        // The suppressed count stays until `takeSuppressed` returns it.
        if minute.isOver(at: now) { minute = Minute(start: now, suppressed: minute.suppressed) }
        let result = body(&minute)
        minutes[key] = minute
        return result
    }
}
