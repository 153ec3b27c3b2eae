/// The delay before a passphrase is checked: it doubles with each wrong one. Pure.
///
/// A few passphrases that arrive during a delay are checked after the same delay, so the owner's is not shut out.
package struct PassphraseThrottle: Sendable {
    private var notBefore: ContinuousClock.Instant?
    /// How many passphrases wait or are being checked.
    private var count = 0
    private var wrong = 0

    /// Leaves room for the owner beside a caller that tries one after the other; also what one delay buys an attacker.
    private static let limit = 4
    private static let shortest: Duration = .seconds(1)
    /// Too long for a list of words, short enough for a person who mistyped.
    private static let longest: Duration = .seconds(60)

    package init() {}

    package enum Turn: Equatable, Sendable {
        case now
        case after(ContinuousClock.Instant)
        /// Too many wait already.
        case refused
    }

    /// Returns when the next passphrase may be checked. Each turn that is not refused is followed by `end`.
    package mutating func begin(at now: ContinuousClock.Instant) -> Turn {
        guard count < Self.limit else { return .refused }
        count += 1
        guard let notBefore, now < notBefore else { return .now }
        return .after(notBefore)
    }

    /// Ends a turn. `isRight`: `nil` if the passphrase was not checked.
    package mutating func end(isRight: Bool?, at now: ContinuousClock.Instant) {
        count -= 1
        switch isRight {
        case true?: (wrong, notBefore) = (0, nil)
        case false?:
            notBefore = now + min(Self.shortest * (1 << min(wrong, 10)), Self.longest)
            wrong += 1
        case nil: break
        }
    }
}
