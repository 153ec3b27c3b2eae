internal import AgentAPI

/// The tokens of one login that have another target than its own, in memory, and what went wrong with which. Pure.
///
/// What goes wrong with one target is its own affair: the login and its other tokens know nothing of it.
struct TargetedTokens: Sendable {
    struct Entry: Sendable {
        var token: AccessToken?
        var failure: TokenFailure?
        var backoff = Backoff()
        /// When a refresh last replaced the token.
        var replacedAt: ContinuousClock.Instant?
        fileprivate var lastUse: UInt64 = 0
    }

    /// Nobody uses so many in turn; each is a few KiB.
    static let limit = 64

    /// Each refusal of a target that was never asked for before costs one or two refreshes. A person who tries scopes
    /// gets by with so many; a program that makes up targets is stopped.
    static let newRefusals = 5
    /// How long a new refusal counts.
    static let refusalPeriod: Duration = .seconds(60)

    /// When targets that were new were refused, the latest `newRefusals` of them.
    private var refusals: [ContinuousClock.Instant] = []
    private var entries: [TokenTarget: Entry] = [:]
    private var uses: UInt64 = 0

    /// What is known of a target, which counts as a use.
    mutating func use(_ target: TokenTarget) -> Entry? {
        uses += 1
        entries[target]?.lastUse = uses
        return entries[target]
    }

    /// Whether to try targets that nothing is known of.
    func takesNew(at now: ContinuousClock.Instant) -> Bool {
        refusals.count { now < $0 + Self.refusalPeriod } < Self.newRefusals
    }

    /// What is known of a target, for a look that is not a use.
    subscript(target: TokenTarget) -> Entry? { entries[target] }

    mutating func renewed(_ target: TokenTarget, _ token: AccessToken, at now: ContinuousClock.Instant) {
        update(target) { entry in
            entry = Entry(token: token, replacedAt: entry.token == nil ? entry.replacedAt : now)
        }
    }

    mutating func replaced(_ target: TokenTarget, at now: ContinuousClock.Instant) {
        entries[target]?.replacedAt = now
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
        if failure.isAnswer, entries[target] == nil { refusals = refusals.suffix(Self.newRefusals - 1) + [now] }
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

extension TokenFailure {
    /// Whether the provider was asked for a target and has answered.
    fileprivate var isAnswer: Bool {
        switch self {
        case .targetRefused, .identityRefused: true
        case .loginRequired, .loginDemanded, .locked, .store, .providerUnreachable, .providerRejected, .providerChanged,
            .noIDToken,
            .clientRefused, .configuration:
            false
        }
    }
}
