/// When to try a provider again after failures in a row. Pure: time and randomness are parameters.
package struct Backoff: Equatable, Sendable {
    package private(set) var failures = 0
    /// Nobody tries before this moment by himself.
    package private(set) var notBefore: ContinuousClock.Instant?
    /// A client that asks may try again from here on, so that work resumes at once when the network is back.
    package private(set) var clientNotBefore: ContinuousClock.Instant?

    package init() {}

    /// 5 min: long enough to be no burden on a provider that is down, short enough to be noticed when it is back.
    package static let longest: Duration = .seconds(300)
    /// A server must not be able to silence an account for longer than this by `Retry-After`.
    package static let longestRetryAfter: Duration = .seconds(900)
    /// Two attempts for clients are at least this far apart, however many clients ask.
    package static let clientGap: Duration = .seconds(1)

    /// Records one more failure. `jitter` is from 0 to 1; `definite` is a refusal that asking again will not change,
    /// so that clients wait as long as everybody.
    package mutating func failed(
        at now: ContinuousClock.Instant, retryAfter: Duration?, definite: Bool, jitter: Double
    ) {
        failures += 1
        let exponential = Duration.seconds(1) * (1 << min(failures - 1, 10))
        let capped = min(exponential, Self.longest)
        // Between half and all of it, so that accounts that failed together do not come back together.
        var delay = capped / 2 + (capped / 2) * jitter
        if let retryAfter { delay = max(delay, min(retryAfter, Self.longestRetryAfter)) }
        notBefore = now + delay
        clientNotBefore = definite || retryAfter != nil ? now + delay : now + min(delay, Self.clientGap)
    }

    package mutating func succeeded() { self = Backoff() }
}
