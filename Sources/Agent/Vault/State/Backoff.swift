/// The delay before the next attempt, after failures in a row. Pure: time and randomness are parameters.
package struct Backoff: Equatable, Sendable {
    package private(set) var failures = 0
    /// When the schedule may try again.
    package private(set) var notBefore: ContinuousClock.Instant?
    /// When a client's request may try again: earlier, so that work resumes at once when the network is back.
    package private(set) var clientNotBefore: ContinuousClock.Instant?

    package init() {}

    /// 5 min: little load on a provider that is down, and a short wait once it is back.
    package static let longest: Duration = .seconds(300)
    /// The longest `Retry-After` that is honoured: a server must not silence an account for longer.
    package static let longestRetryAfter: Duration = .seconds(900)
    /// The shortest time between two attempts for clients, however many there are.
    package static let clientGap: Duration = .seconds(1)

    /// Records one more failure. `jitter` is from 0 to 1; `definite` is a refusal that another attempt will not change,
    /// so that clients wait as long as the schedule.
    package mutating func failed(
        at now: ContinuousClock.Instant, retryAfter: Duration?, definite: Bool, jitter: Double
    ) {
        failures += 1
        let exponential = Duration.seconds(1) * (1 << min(failures - 1, 10))
        let capped = min(exponential, Self.longest)
        // Between half and all of it, so that accounts that failed together do not retry together.
        var delay = capped / 2 + (capped / 2) * jitter
        if let retryAfter { delay = max(delay, min(retryAfter, Self.longestRetryAfter)) }
        notBefore = now + delay
        clientNotBefore = definite || retryAfter != nil ? now + delay : now + min(delay, Self.clientGap)
    }

    package mutating func succeeded() { self = Backoff() }
}
