/// How long passphrases wait before they are looked at: after each wrong one twice as long. Pure.
///
/// Whoever waits keeps nobody else out: a few that come meanwhile are looked at after the same wait.
package struct Guesses: Sendable {
    private var notBefore: ContinuousClock.Instant?
    /// How many wait, or are being looked at.
    private var count = 0
    private var wrong = 0

    /// Somebody who guesses one after the other leaves room for the owner; and this is how many guesses a wait buys.
    private static let most = 4
    private static let first: Duration = .seconds(1)
    /// Long enough that nobody gets through a list of words, short enough for a person who mistyped.
    private static let longest: Duration = .seconds(60)

    package init() {}

    package enum Turn: Equatable, Sendable {
        case now
        case after(ContinuousClock.Instant)
        /// Too many wait already.
        case refused
    }

    /// When the next passphrase may be looked at. Each turn that is not refused is followed by `end`.
    package mutating func begin(at now: ContinuousClock.Instant) -> Turn {
        guard count < Self.most else { return .refused }
        count += 1
        guard let notBefore, now < notBefore else { return .now }
        return .after(notBefore)
    }

    /// `isRight`: nil when it was not looked at.
    package mutating func end(isRight: Bool?, at now: ContinuousClock.Instant) {
        count -= 1
        switch isRight {
        case true?: (wrong, notBefore) = (0, nil)
        case false?:
            notBefore = now + min(Self.first * (1 << min(wrong, 10)), Self.longest)
            wrong += 1
        case nil: break
        }
    }
}
