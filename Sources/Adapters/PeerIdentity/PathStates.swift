internal import Synchronization
internal import System

/// Calls stat(2) on paths named by rules: one thread per path at a time, shared by all callers that wait.
final class PathStates: Sendable {
    /// The result; a `state` of `nil` means that the file does not exist.
    struct Found: Sendable { var state: FileState? }

    private typealias Waiter = CheckedContinuation<Found?, Never>

    private struct Running {
        var start = ContinuousClock.now
        /// Waiting callers by the number of their deadline.
        var waiters: [UInt64: Waiter] = [:]
        /// Callers whose stat(2) must begin after their request.
        var next: [UInt64: Waiter] = [:]
    }

    private let state = Mutex<[String: Running]>([:])
    private let deadlines = Deadlines()

    /// Limit for threads that may block. Rules name few paths; further ones fail while so many are blocked.
    private static let most = 64

    /// Returns the result; `nil` if there is none in time.
    func look(at path: String, within time: Duration) async -> Found? {
        await withCheckedContinuation { continuation in
            // Under the lock, because the deadline may pass at once.
            let refused = state.withLock { state -> UInt64? in
                let id = deadlines.add(after: time) { self.giveUp(path, $0) }
                guard var running = state[path] else {
                    guard state.count < Self.most else { return id }
                    state[path] = Running(waiters: [id: continuation])
                    begin(path)
                    return nil
                }
                // A call that is blocked already would only delay this caller until its deadline.
                guard ContinuousClock.now - running.start < time else { return id }
                // The running stat(2) may have begun before the caller's program existed.
                running.next[id] = continuation
                state[path] = running
                return nil
            }
            guard let refused else { return }
            deadlines.remove(refused)
            continuation.resume(returning: nil)
        }
    }

    private func begin(_ path: String) {
        let isStarted = DetachedThread.start { self.end(path, Found(state: FileState(path))) }
        if !isStarted { end(path, nil) }
    }

    private func end(_ path: String, _ found: Found?) {
        let (ended, isNext) = state.withLock { state in
            let running = state[path]
            let next = running?.next ?? [:]
            state[path] = next.isEmpty ? nil : Running(waiters: next)
            return (running?.waiters ?? [:], !next.isEmpty)
        }
        if isNext { begin(path) }
        for (deadline, waiter) in ended {
            deadlines.remove(deadline)
            waiter.resume(returning: found)
        }
    }

    private func giveUp(_ path: String, _ waiter: UInt64) {
        let found = state.withLock { state in
            state[path]?.waiters.removeValue(forKey: waiter) ?? state[path]?.next.removeValue(forKey: waiter)
        }
        found?.resume(returning: nil)
    }
}
