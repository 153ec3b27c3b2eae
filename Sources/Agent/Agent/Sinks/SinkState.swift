internal import AgentAPI
internal import System

/// What the file of one sink holds, what is wrong, and when to act again. Pure: time is a parameter.
struct SinkState: Sendable {
    /// The token in the file.
    struct Held: Equatable, Sendable {
        /// `nil` if it does not expire.
        var expiresAt: ContinuousClock.Instant?
    }

    /// What to do with the file.
    enum Action: Equatable {
        case write
        case remove
        case keep
    }

    private(set) var held: Held?
    /// Why a fresh token is missing.
    private(set) var missing: Problem?
    /// Why the file cannot be written or removed.
    private(set) var fault: Fault?
    /// The fault of the place, as long as the file is not there.
    private var placeFault: Fault?
    /// Why the program after the last change has failed.
    var programFault: Fault?
    /// When to act without a signal; `nil` if only a signal changes anything.
    private(set) var wake: ContinuousClock.Instant?
    /// Grows with each withdrawal: an answer or a write that began before it is dropped.
    private(set) var version: UInt64 = 0
    private var refusals = 0
    private var faults = 0

    /// In seconds, beyond `min_valid`: the time that a renewal may take, so that the file never has less.
    static let lead = 30
    /// In seconds: for the first attempt after a failure; each further one doubles it.
    private static let firstPause = 5
    /// In seconds. The vault has its own back-off towards the provider, so that asking it costs nothing.
    private static let longestPause = 300
    /// In seconds: how often to look at a token whose expiry the provider does not name.
    private static let unnamedPause = 1800

    /// `held`: the file that an earlier agent has left.
    init(held: Held? = nil) { self.held = held }

    /// The lifetime that the sink requests, in seconds.
    static func needed(_ minimumValidity: Int) -> Int {
        min(minimumValidity + lead, Limits.largestMinimumValidity)
    }

    /// A token came. `problem`: why it is not a fresher one. `isScheduled`: the vault renews it without a request.
    mutating func received(
        _ token: Held, minimumValidity: Int, isScheduled: Bool, problem: Problem?, at now: ContinuousClock.Instant
    ) -> Action {
        missing = problem
        refusals = 0
        let left = token.expiresAt.map { max(0, Int(($0 - now).components.seconds)) }
        wake = Self.wake(
            secondsLeft: left, Self.needed(minimumValidity), isKnown: token == held, isScheduled: isScheduled
        ).map { now + .seconds($0) }
        return .write
    }

    /// No token came.
    mutating func refused(_ problem: Problem, at now: ContinuousClock.Instant) -> Action {
        missing = problem
        if problem.endsSink {
            (wake, refusals) = (nil, 0)
            // Also without a known file: an earlier run's write may have come to its end since.
            return .remove
        }
        // A login is reported by a signal.
        let retry = problem.code == .loginRequired ? nil : now + Self.pause(after: refusals)
        refusals += 1
        wake = [retry, held?.expiresAt].compactMap { $0 }.min()
        guard let held, let expiresAt = held.expiresAt, expiresAt <= now else { return .keep }
        wake = retry
        // A stale file would hide the fault.
        return .remove
    }

    mutating func wrote(_ token: Held) {
        held = token
        (fault, faults) = (nil, 0)
    }

    /// A new attempt begins: its own failure says when the next one is due.
    mutating func began() { wake = nil }

    mutating func removed() { (held, fault, faults) = (nil, nil, 0) }

    /// The file could not be written or removed: what it holds is as before.
    mutating func failed(_ fault: Fault, at now: ContinuousClock.Instant) {
        self.fault = fault
        let retry = now + Self.pause(after: faults)
        faults += 1
        wake = wake.map { min($0, retry) } ?? retry
    }

    /// The place was looked at before there is a token. `fault`: why no file can be there; `nil` if one can. A fault of
    /// another kind stays until a write succeeds.
    mutating func examined(_ fault: Fault?, at now: ContinuousClock.Instant) {
        if let fault {
            failed(fault, at: now)
        } else if placeFault != nil, self.fault == placeFault {
            (self.fault, faults) = (nil, 0)
        }
        placeFault = fault
    }

    func isExpired(at now: ContinuousClock.Instant) -> Bool { held?.expiresAt.map { $0 <= now } ?? false }

    /// Makes answers and writes that are under way obsolete.
    mutating func withdraw() { version += 1 }

    private static func pause(after failures: Int) -> Duration {
        .seconds(min(firstPause << min(failures, 8), longestPause))
    }

    /// Returns the seconds until the next request for a token.
    private static func wake(secondsLeft: Int?, _ needed: Int, isKnown: Bool, isScheduled: Bool) -> Int? {
        guard let left = secondsLeft else { return isScheduled ? nil : unnamedPause }
        if left >= needed { return left - needed + 1 }
        // The provider's tokens are shorter, and the vault renews them after half of their life; or the renewal failed.
        return isKnown ? max(1, min(left / 2 + 1, 60)) : left / 2 + 1
    }
}

extension Problem {
    /// Whether the file is removed at once: the account is locked, logged out or gone.
    fileprivate var endsSink: Bool {
        switch code {
        case .locked, .unknownAccount: true
        case .loginRequired: ["not_logged_in", Problem.subjectLoginRequired].contains(reason)
        default: false
        }
    }
}
