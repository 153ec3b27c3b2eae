/// How many refusals of each user have a line of their own. Else somebody whom nothing is given could fill the disk, and
/// wash away what else a log has to say.
struct RefusedLines: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What there is no line of: so many refusals of this user; nil: of users for whom there was no room of their own.
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
    /// Of subordinate user IDs (subuid(5)) the owner counts. Those that are too many share one minute.
    static let users = 64

    private var minutes: [UInt32?: Minute] = [:]

    /// Whether the refusal may have a line.
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

    /// A refusal of which nothing is known but its user.
    mutating func suppress(_ user: UInt32, at now: Instant) { count(user, at: now) { $0.suppressed += 1 } }

    /// What has been suppressed in minutes that are over, or in all of them. Each is told once.
    mutating func takeSuppressed(at now: Instant, all: Bool = false) -> [Suppressed] {
        var taken: [Suppressed] = []
        for (user, minute) in minutes where all || minute.isOver(at: now) {
            if minute.suppressed > 0 { taken.append(Suppressed(user: user, count: minute.suppressed)) }
            // Before it is over, its lines are still used up.
            minutes[user] = minute.isOver(at: now) ? nil : Minute(start: minute.start, count: minute.count)
        }
        return taken.sorted { ($0.user ?? .max) < ($1.user ?? .max) }
    }

    /// When there is something to tell; nil: there is nothing.
    var next: Instant? { minutes.values.filter { $0.suppressed > 0 }.map { $0.start + Self.minute }.min() }

    private mutating func count<Result>(_ user: UInt32, at now: Instant, _ body: (inout Minute) -> Result) -> Result {
        if minutes[user] == nil, minutes.count >= Self.users {
            minutes = minutes.filter { $0.value.suppressed > 0 || !$0.value.isOver(at: now) }
        }
        let key = minutes[user] != nil || minutes.count < Self.users ? user : nil
        var minute = minutes[key] ?? Minute(start: now)
        // What it has suppressed is told before, by whoever counts.
        if minute.isOver(at: now) { minute = Minute(start: now, suppressed: minute.suppressed) }
        let result = body(&minute)
        minutes[key] = minute
        return result
    }
}
