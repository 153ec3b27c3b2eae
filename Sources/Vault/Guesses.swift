/// How long the next passphrase waits before it is looked at: after each wrong one twice as long. Pure.
package struct Guesses: Sendable {
    package private(set) var notBefore: ContinuousClock.Instant?
    /// One at a time: checking one may cost memory, and two at once would be two for one wait.
    private var isRunning = false
    private var wrong = 0

    private static let first: Duration = .seconds(1)
    /// Long enough that nobody gets through a list of words, short enough for a person who mistyped.
    private static let longest: Duration = .seconds(60)

    package init() {}

    /// False when another one is being looked at.
    package mutating func begin() -> Bool {
        guard !isRunning else { return false }
        isRunning = true
        return true
    }

    package mutating func end(isRight: Bool?, at now: ContinuousClock.Instant) {
        isRunning = false
        switch isRight {
        case true?: (wrong, notBefore) = (0, nil)
        case false?:
            notBefore = now + min(Self.first * (1 << min(wrong, 10)), Self.longest)
            wrong += 1
        case nil: break
        }
    }
}
