internal import AgentAPI
internal import OAuth
internal import SecretMemory

/// The tokens of one login: its own, in the slot without a target, and one for each target in use. Pure.
///
/// A failure for one target affects neither the login nor its other tokens.
package struct TokenSlots: Sendable {
    private struct Targeted: Sendable {
        var slot = TokenSlot()
        var lastUse: UInt64 = 0
    }

    /// More than clients of one login use in turn; each is a few KiB.
    static let limit = 64

    /// Each refusal of a new target costs one or two refreshes: enough for a person who tries scopes, and a stop for a
    /// program that makes up targets. Counted for each user, so that none uses up another's.
    static let newRefusals = 5
    /// The same for all users but the owner together.
    static let newRefusalsOfOthers = 20
    /// How long the refusal of a new target counts.
    static let refusalPeriod: Duration = .seconds(60)

    package private(set) var own = TokenSlot()
    private var targeted: [TokenTarget: Targeted] = [:]
    /// When new targets were refused, and whose they were; `nil` for the owner. The latest are kept.
    private var refusals: [(at: ContinuousClock.Instant, user: UInt32?)] = []
    /// The user for whom the running refresh requests a new target.
    private var requester: UInt32?
    private var uses: UInt64 = 0
    /// The number of tokens that have come.
    private var tokens: UInt64 = 0

    init() {}

    /// The slots after a login, which brought this token.
    init(own token: AccessToken?, jitter: Double) {
        let renewalDue = token.flatMap { Freshness.renewal(of: $0, isFirst: true, jitter: jitter) }
        tokens = 1
        own = TokenSlot(token: token, number: tokens, renewalDue: renewalDue)
    }

    /// The slot of a target; `nil` if nothing is known of it. Reading it is not a use.
    subscript(target: TokenTarget?) -> TokenSlot? {
        guard let target else { return own }
        return targeted[target]?.slot
    }

    /// Marks the target's token as used, and returns its slot.
    mutating func use(_ target: TokenTarget?) -> TokenSlot? {
        guard let target else {
            if own.token != nil { own.isInUse = true }
            return own
        }
        uses += 1
        targeted[target]?.lastUse = uses
        return targeted[target]?.slot
    }

    /// Whether targets of which nothing is known may be requested for this user; `nil` for the owner.
    func takesNewTarget(by user: UInt32?, at now: ContinuousClock.Instant) -> Bool {
        let recent = refusals.filter { now < $0.at + Self.refusalPeriod }
        guard recent.count(where: { $0.user == user }) < Self.newRefusals else { return false }
        return user == nil || recent.count { $0.user != nil } < Self.newRefusalsOfOthers
    }

    /// Records for whom the refresh is that begins now.
    mutating func refreshBegins(for user: UInt32?) { requester = user }

    mutating func renewed(
        _ target: TokenTarget?, _ token: AccessToken, at now: ContinuousClock.Instant, jitter: Double
    ) {
        tokens += 1
        let next = tokens
        update(target) { slot in
            // After a start, or an outage, which other machines have had as well.
            let isFirst = slot.token == nil || slot.failure != nil
            slot = TokenSlot(
                token: token,
                // Some providers answer with the same token, and a rest of its lifetime.
                number: slot.token?.secret == token.secret ? slot.number : next,
                replacedAt: slot.token == nil ? slot.replacedAt : now,
                refreshedAt: now,
                renewalDue: target == nil ? Freshness.renewal(of: token, isFirst: isFirst, jitter: jitter) : nil)
        }
    }

    /// `isUnsent`: nothing was sent, so that clients need not wait to try again.
    mutating func failed(
        _ target: TokenTarget?, _ failure: TokenFailure, retryAfter: Duration?,
        obstacle: RefreshReply.Obstacle, isUnsent: Bool = false, at now: ContinuousClock.Instant, jitter: Double
    ) {
        if failure.isAnswer, !isUnsent, self[target] == nil {
            let kept = Self.newRefusals + Self.newRefusalsOfOthers
            refusals = refusals.suffix(kept - 1) + [(now, requester)]
        }
        update(target) { slot in
            slot.failure = failure
            // Not an outage but an answer: what was granted before is not granted any more.
            if case .targetRefused = failure { slot.token = nil }
            slot.backoff.failed(
                at: now, retryAfter: retryAfter, definite: failure.isDefinite, obstacle: obstacle,
                pause: slot.pause(at: now), bindsClients: !isUnsent, jitter: jitter)
        }
    }

    /// Records a replacement that no refresh of an earlier token made.
    mutating func markReplaced(_ target: TokenTarget?, at now: ContinuousClock.Instant) {
        if let target { targeted[target]?.slot.replacedAt = now } else { own.replacedAt = now }
    }

    /// Records that a client holds the account's own token.
    mutating func ownHandedOut() { own.isHandedOut = true }

    /// Forgets the account's own token if it is this one, so that no other request gets it; returns whether it was, and
    /// no client has got it before.
    mutating func take(_ secret: SecretBytes) -> Bool {
        guard own.token?.secret == secret else { return false }
        let isUnused = !own.isHandedOut
        (own.token, own.renewalDue, own.isInUse, own.isHandedOut) = (nil, nil, false, false)
        return isUnused
    }

    /// Whether the account's own token was taken since a renewal brought it.
    var isOwnTaken: Bool { own.token == nil && own.failure == nil && own.refreshedAt != nil }

    /// Lets clients try again at once.
    mutating func forgetBackoff() {
        own.backoff.succeeded()
        for target in targeted.keys { targeted[target]?.slot.backoff.succeeded() }
    }

    func validTargeted(at now: ContinuousClock.Instant) -> [SecretBytes] {
        targeted.values.compactMap(\.slot.token).filter { $0.isRevocable(at: now) }.map(\.secret)
    }

    /// Takes in memory the token of a login that was read from the store.
    mutating func restore(_ token: AccessToken?) {
        tokens += 1
        (own.token, own.number) = (token, tokens)
    }

    /// The provider has ended every token. The login's own stays as an expired one, because it holds the ID token; it is
    /// not renewed ahead of the next request, or two tokens that end each other would take turns without end.
    mutating func endAll(at now: ContinuousClock.Instant) {
        for target in targeted.keys { targeted[target]?.slot.token = nil }
        own.token?.end(at: now)
        own.renewalDue = nil
        own.isInUse = false
    }

    /// The login has ended; its own token is served until it expires.
    mutating func loginEnded(_ failure: TokenFailure) {
        dropTargeted()
        own.renewalDue = nil
        own.failure = failure
    }

    /// Forgets every token that a refresh can bring back.
    mutating func dropTokens() {
        dropTargeted()
        own.token = nil
        own.renewalDue = nil
    }

    mutating func dropTargeted() {
        targeted = [:]
        refusals = []
    }

    private mutating func update(_ target: TokenTarget?, _ change: (inout TokenSlot) -> Void) {
        guard let target else { return change(&own) }
        uses += 1
        var entry = targeted[target] ?? Targeted()
        change(&entry.slot)
        entry.lastUse = uses
        targeted[target] = entry
        if targeted.count > Self.limit, let oldest = targeted.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
            targeted[oldest] = nil
        }
    }
}
