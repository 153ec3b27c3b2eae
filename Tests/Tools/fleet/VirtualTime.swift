/// A moment of virtual time, in microseconds since a midnight.
typealias Moment = Int64

extension Moment {
    static func seconds(_ seconds: Double) -> Moment { Moment(seconds * 1_000_000) }
    static func minutes(_ minutes: Double) -> Moment { seconds(minutes * 60) }
    static func hours(_ hours: Double) -> Moment { seconds(hours * 3600) }

    static let day: Moment = .hours(24)

    var inSeconds: Double { Double(self) / 1_000_000 }
}

/// Converts virtual time into the instants that the schedule code calculates with.
struct VirtualClock {
    private let midnight = ContinuousClock.now

    func instant(_ moment: Moment) -> ContinuousClock.Instant { midnight + .microseconds(moment) }

    /// Rounds up: at the moment of an event, what it was planned for is due.
    func moment(_ instant: ContinuousClock.Instant) -> Moment {
        let (seconds, attoseconds) = (instant - midnight).components
        return seconds * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    }
}
