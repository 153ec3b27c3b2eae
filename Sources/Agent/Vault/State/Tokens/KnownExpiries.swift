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
    /// Remembers what a client learns of a token's expiry.
    mutating func handsOut(_ served: ServedToken, for target: TokenTarget?, wall: Int) {
        guard let left = served.secondsLeft, let number = state.slots[target]?.number else { return }
        state.expiries.record(wall + left, of: target, version: state.version, number: number)
    }
}
