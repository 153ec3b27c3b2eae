internal import AgentAPI

/// The tokens of one login that have another target than its own, in memory, and what went wrong with which. Pure.
///
/// What goes wrong with one target is its own affair: the login and its other tokens know nothing of it.
struct TargetedTokens: Sendable {
    struct Entry: Sendable {
        var token: AccessToken?
        var failure: TokenFailure?
        var backoff = Backoff()
        fileprivate var lastUse: UInt64 = 0
    }

    /// Nobody uses so many in turn; each is a few KiB.
    static let limit = 64

    private var entries: [TokenTarget: Entry] = [:]
    private var uses: UInt64 = 0

    /// What is known of a target, which counts as a use.
    mutating func use(_ target: TokenTarget) -> Entry? {
        uses += 1
        entries[target]?.lastUse = uses
        return entries[target]
    }

    mutating func renewed(_ target: TokenTarget, _ token: AccessToken) {
        update(target) { $0 = Entry(token: token) }
    }

    mutating func failed(
        _ target: TokenTarget, _ failure: TokenFailure, retryAfter: Duration?, at now: ContinuousClock.Instant,
        jitter: Double
    ) {
        let isDefinite =
            switch failure {
            case .store, .providerUnreachable: false
            default: true
            }
        update(target) { entry in
            entry.failure = failure
            // No outage, but an answer: what was granted before is not granted any more.
            if case .targetRefused = failure { entry.token = nil }
            entry.backoff.failed(at: now, retryAfter: retryAfter, definite: isDefinite, jitter: jitter)
        }
    }

    /// The provider has ended every token. What it refuses is refused as before.
    mutating func endTokens() {
        for target in entries.keys { entries[target]?.token = nil }
    }

    private mutating func update(_ target: TokenTarget, _ change: (inout Entry) -> Void) {
        uses += 1
        var entry = entries[target] ?? Entry()
        change(&entry)
        entry.lastUse = uses
        entries[target] = entry
        if entries.count > Self.limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
            entries[oldest] = nil
        }
    }
}
