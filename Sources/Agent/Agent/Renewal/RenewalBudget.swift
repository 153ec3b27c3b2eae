package import Configuration

/// How often the agent may ask a user on the phone on its own: one who is asked too often approves anything. Pure.
///
/// It counts on CLOCK_BOOTTIME, which cannot be set and goes on in suspend.
package struct RenewalBudget: Equatable, Sendable {
    /// Between two questions.
    package static let gap: Duration = .seconds(3600)
    /// The most questions in any period of this length.
    package static let most = 3
    package static let period: Duration = .seconds(86_400)

    /// Up to the year 9999; others are of a damaged file.
    private static let times = 0...253_402_300_799

    /// When the user was asked, the latest last.
    package private(set) var asked: [ContinuousClock.Instant] = []
    /// Why the agent does not ask until a person logs in; `nil` if it does.
    package private(set) var stopped: RenewalStop?
    /// The latest attempt that ended before the question was sent.
    private var lastFailure: ContinuousClock.Instant?

    package init() {}

    /// Creates a budget from what an earlier process noted, in seconds since 1970. A time in the future is one of a clock
    /// that was wrong, and counts from now on.
    package init(_ note: RenewalNote, at now: ContinuousClock.Instant, wall: Int) {
        let times = note.asked.map { Self.times.contains($0) ? min($0, wall) : wall }
        asked = times.sorted().suffix(Self.most).map { now - .seconds(wall - $0) }
        stopped = note.stopped
    }

    /// Creates a budget that is used up, where it is not known what an earlier process has done.
    package static func usedUp(at now: ContinuousClock.Instant) -> RenewalBudget {
        var budget = RenewalBudget()
        budget.asked = Array(repeating: now, count: most)
        return budget
    }

    /// When the agent may ask next; `nil` if it may not until a person logs in.
    package func next(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard stopped == nil else { return nil }
        let afterGap = [asked.last, lastFailure].compactMap { $0 }.map { $0 + Self.gap }
        let afterPeriod = asked.count < Self.most ? nil : asked.first.map { $0 + Self.period }
        return (afterGap + [afterPeriod].compactMap { $0 } + [now]).max()
    }

    /// Counts a question. It is to be noted durably before it is sent.
    package mutating func ask(at now: ContinuousClock.Instant) { asked = (asked + [now]).suffix(Self.most) }

    /// Counts an attempt that sent no question. It uses up nothing, but is not repeated at once.
    package mutating func fail(at now: ContinuousClock.Instant) { lastFailure = now }

    package mutating func stop(_ reason: RenewalStop) { stopped = stopped ?? reason }

    /// A person has logged in: the agent may ask again, though no earlier than before.
    package mutating func resume() { (stopped, lastFailure) = (nil, nil) }

    /// Returns what the next process has to know; `nil` if that is nothing.
    package func note(at now: ContinuousClock.Instant, wall: Int) -> RenewalNote? {
        let recent = asked.filter { now - $0 < Self.period }.map { wall - Int((now - $0).components.seconds) }
        return recent.isEmpty && stopped == nil ? nil : RenewalNote(asked: recent, stopped: stopped)
    }
}
