/// The programs of one machine, as one stream of requests for a token.
struct Program {
    /// Seconds between two requests, on average.
    let pause: Double
    /// The part of each day in which it runs; `nil` if it always does.
    let shift: Range<Moment>?

    /// Seconds between two requests of a program that was refused, at most: scripts and persons try again.
    static let pauseAfterRefusal = 30.0

    /// Draws a machine: a tenth are servers with a busy loop, three tenths are servers with a request a minute, the rest
    /// are desktops with nine hours of work.
    init(_ random: inout SeededRandom) {
        let kind = random.unit()
        if kind < 0.4 {
            pause = kind < 0.1 ? 1 : 60
            shift = nil
        } else {
            pause = 600
            let begin = Moment.hours(8 + random.unit() + random.unit())
            shift = begin..<begin + .hours(9)
        }
    }

    /// Draws the moment of the next request after `moment`. The stream has no memory, so that requests which change
    /// nothing can be left out by drawing from a later moment.
    func next(after moment: Moment, isRefused: Bool, _ random: inout SeededRandom) -> Moment {
        let pause = isRefused ? min(pause, Self.pauseAfterRefusal) : pause
        guard let shift else { return moment + .seconds(random.exponential(mean: pause)) }
        var moment = moment
        while true {
            let midnight = moment / .day * .day
            let end = midnight + shift.upperBound
            let next = max(moment, midnight + shift.lowerBound) + .seconds(random.exponential(mean: pause))
            if next < end { return next }
            moment = midnight + .day
        }
    }
}
