internal import Dispatch
internal import Glibc
public import Policy
internal import Synchronization

/// Looks up which users have an entry on this machine (nsswitch.conf(5)), one after the other on a thread of its own,
/// because a remote directory may be slow or never reply.
public final class SystemUsers: UserDirectory {
    public struct Limits: Sendable {
        /// Limit for how long a caller waits.
        public var time: Duration = .seconds(5)
        /// Time for which a positive reply is cached; entries may come and go.
        public var life: Duration = .seconds(300)
        /// Time for which a negative or missing reply is cached.
        public var failureLife: Duration = .seconds(30)
        public var count = 4096
        /// Limit for waiting look-ups.
        public var waiting = 256

        public init() {}
    }

    private struct Answer {
        var isListed: Bool
        var end: ContinuousClock.Instant
    }

    private struct State {
        var answers: [UInt32: Answer] = [:]
        var waiting = 0
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "authagent.users")
    private let limits: Limits
    private let look: @Sendable (UInt32) -> Bool

    public init(limits: Limits = Limits(), look: @escaping @Sendable (UInt32) -> Bool = hasEntry) {
        self.limits = limits
        self.look = look
    }

    public func isListed(_ user: UInt32) -> Bool? {
        state.withLock { state in
            guard let answer = state.answers[user], ContinuousClock.now < answer.end else { return nil }
            return answer.isListed
        }
    }

    public func lookUp(_ user: UInt32) async -> Bool {
        if let known = isListed(user) { return known }
        guard enter() else { return false }
        let once = Mutex<CheckedContinuation<Bool, Never>?>(nil)
        let answer: @Sendable (Bool) -> Void = { found in once.withLock { $0.take() }?.resume(returning: found) }
        return await withCheckedContinuation { continuation in
            once.withLock { $0 = continuation }
            queue.async {
                let found = self.isListed(user) ?? self.look(user)
                self.finish(user, found)
                answer(found)
            }
            // A blocked look-up cannot be ended; its caller stops waiting.
            let limit = DispatchTimeInterval.milliseconds(Int(limits.time / .milliseconds(1)))
            DispatchQueue.global().asyncAfter(deadline: .now() + limit) {
                guard let waiter = once.withLock({ $0.take() }) else { return }
                waiter.resume(returning: self.giveUp(user))
            }
        }
    }

    /// Whether no look-up is running.
    package var isFinished: Bool { state.withLock { $0.waiting == 0 } }

    private func enter() -> Bool {
        state.withLock { state in
            guard state.waiting < limits.waiting else { return false }
            state.waiting += 1
            return true
        }
    }

    private func finish(_ user: UInt32, _ isListed: Bool) {
        let end = ContinuousClock.now + (isListed ? limits.life : limits.failureLife)
        state.withLock { state in
            state.waiting -= 1
            if state.answers.count >= limits.count { state.answers.removeAll(keepingCapacity: true) }
            state.answers[user] = Answer(isListed: isListed, end: end)
        }
    }

    /// Ends a wait with the last known reply and caches it again, so that the next request does not wait as long.
    private func giveUp(_ user: UInt32) -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            var answer = state.answers[user] ?? Answer(isListed: false, end: now)
            answer.end = max(answer.end, now + limits.failureLife)
            state.answers[user] = answer
            return answer.isListed
        }
    }

    /// Calls getpwuid_r(3), which may block.
    @Sendable
    public static func hasEntry(_ user: UInt32) -> Bool {
        var size = 4096
        while size <= 1024 * 1024 {
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let result = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
                buffer.baseAddress.map { getpwuid_r(user, &entry, $0, size, &found) } ?? ENOMEM
            }
            guard result == ERANGE else { return result == 0 && found != nil }
            size *= 4
        }
        return false
    }
}
