package import OAuth

/// The delay before the next attempt, after failures in a row. Pure: time and randomness are parameters.
///
/// Agents that failed together must not come back together: `Tests/Tools/fleet` shows what each number here does.
package struct Backoff: Equatable, Sendable {
    package private(set) var failures = 0
    /// When the first of them was.
    private var since: ContinuousClock.Instant?
    /// When the schedule may try again.
    package private(set) var notBefore: ContinuousClock.Instant?
    /// When a client's request may try again: earlier, so that work resumes at once when the network is back.
    package private(set) var clientNotBefore: ContinuousClock.Instant?

    package init() {}

    /// 5 min: little load on a provider that is down, and a short wait once it is back.
    package static let longest: Duration = .seconds(300)
    /// Shorter, because the provider is back: the agents that it turned away must not come a whole round after the rest.
    package static let longestWhenBusy: Duration = .seconds(150)
    /// The longest `Retry-After` that is honoured: a server must not silence an account for longer.
    package static let longestRetryAfter: Duration = .seconds(900)
    /// The shortest time between two attempts for clients, however many there are.
    package static let clientGap: Duration = .seconds(1)
    /// For so long an outage is taken for a short one, which ends soon: clients try once in `clientGap`.
    package static let shortOutage: Duration = .seconds(120)
    /// After that they wait for at most this part of the time that the provider has been failing.
    package static let clientShare = 4

    /// Records one more failure. `jitter` is from 0 to 1; `definite` is a refusal that another attempt will not change,
    /// so that clients wait as long as the schedule. The schedule waits for `pause` or longer. Without `bindsClients`, only
    /// the schedule waits.
    package mutating func failed(
        at now: ContinuousClock.Instant, retryAfter: Duration?, definite: Bool,
        obstacle: RefreshReply.Obstacle = .unknown, pause: Duration = .zero, bindsClients: Bool = true,
        jitter: Double
    ) {
        // Nothing was tried for long, as in suspend: this is another outage.
        if let notBefore, now > notBefore + Self.longest { self = Backoff() }
        failures += 1
        let start = since ?? now
        since = start
        let exponential = Duration.seconds(1) * (1 << min(failures - 1, 10))
        // Between half and all of it, so that accounts that failed together do not retry together. At the limit less is
        // enough, and the narrower range has them come at an even rate when the provider is back.
        var delay = min(
            exponential * (0.5 + 0.5 * jitter),
            Self.spread(obstacle == .overload ? Self.longestWhenBusy : Self.longest, jitter))
        if let retryAfter {
            // Later by up to twice as much: the end of a maintenance is the same moment for all.
            let asked = min(retryAfter, Self.longestRetryAfter)
            delay = max(delay, asked + min(asked * 2, Self.longest) * jitter)
        }
        notBefore = now + max(delay, Self.spread(min(pause, Self.longest), jitter))
        // One attempt per second from the clients of each agent would be a storm when a provider is back.
        let isShort = obstacle == .offline || now - start <= Self.shortOutage
        let gap = isShort ? Self.clientGap : max(Self.clientGap, (now - start) / Self.clientShare)
        let isBound = definite || retryAfter != nil || obstacle == .overload
        clientNotBefore = bindsClients ? now + (isBound ? delay : min(delay, gap)) : nil
    }

    /// Between three quarters and all of it.
    private static func spread(_ delay: Duration, _ jitter: Double) -> Duration { delay * (0.75 + 0.25 * jitter) }

    package mutating func succeeded() { self = Backoff() }
}
