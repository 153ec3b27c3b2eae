internal import AgentAPI

/// The expiries that clients have got with an account's tokens, in seconds since 1970: those of one token differ, because
/// the clock is set, and because they are cut to whole seconds.
struct KnownExpiries: Sendable {
    private struct Entry: Equatable, Sendable {
        let target: TokenTarget?
        let version: UInt64
        let number: UInt64
        let expiry: Int
    }

    enum Holder: Sendable {
        case currentToken, formerToken
    }

    /// Enough for the tokens that clients hold; the latest ones are kept.
    private static let limit = 64

    private var entries: [Entry] = []
    /// The last one of the login's own token: a request for a cached token compares three numbers.
    private var lastOwn: (version: UInt64, number: UInt64, expiry: Int)?

    /// Records an expiry of the login's own token.
    mutating func recordOwn(_ expiry: Int, version: UInt64, number: UInt64) {
        if let last = lastOwn, last.expiry == expiry, last.number == number, last.version == version { return }
        lastOwn = (version, number, expiry)
        record(expiry, of: nil, version: version, number: number)
    }

    mutating func record(_ expiry: Int, of target: TokenTarget?, version: UInt64, number: UInt64) {
        let entry = Entry(target: target, version: version, number: number, expiry: expiry)
        // Nearly every request repeats one of the last two.
        guard !entries.suffix(2).contains(entry) else { return }
        entries.append(entry)
        if entries.count > Self.limit { entries.removeFirst(Self.limit / 2) }
    }

    /// Returns whose expiry this is, if it is known; the current token's counts before that of another one.
    func holder(of expiry: Int, for target: TokenTarget?, _ stamp: TokenStamp) -> Holder? {
        let known = entries.filter { $0.target == target && abs($0.expiry - expiry) <= 1 }
        let isCurrent = known.contains { $0.version == stamp.version && $0.number == stamp.number }
        return isCurrent ? .currentToken : known.isEmpty ? nil : .formerToken
    }
}

extension AccountVault.Guarded {
    /// Remembers that a client has the token, and what it learns of its expiry.
    mutating func handsOut(_ served: ServedToken, for target: TokenTarget?, wall: Int) {
        if target == nil { state.slots.ownHandedOut() }
        guard let left = served.secondsLeft else { return }
        guard let target else {
            return state.expiries.recordOwn(wall + left, version: state.version, number: state.slots.own.number)
        }
        guard let number = state.slots[target]?.number else { return }
        state.expiries.record(wall + left, of: target, version: state.version, number: number)
    }
}
