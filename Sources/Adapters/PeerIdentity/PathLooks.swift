internal import System
internal import Synchronization

/// Looks at paths that rules name: one thread for each at a time, however many callers wait.
final class PathLooks: Sendable {
    /// What was found; a state of `nil` is a file that is not there.
    struct Found: Sendable { var state: FileState? }

    private typealias Waiter = CheckedContinuation<Found?, Never>

    private struct Running {
        var start = ContinuousClock.now
        /// By their deadlines.
        var waiters: [UInt64: Waiter] = [:]
        /// They wait for a look that begins after their request.
        var next: [UInt64: Waiter] = [:]
    }

    private let state = Mutex<[String: Running]>([:])
    private let deadlines = Deadlines()

    /// Each may hang. Rules name a handful; one beyond these is refused while so many hang.
    private static let most = 64

    /// Returns `nil` if there is no answer in time.
    func look(at path: String, within time: Duration) async -> Found? {
        await withCheckedContinuation { continuation in
            // Under the lock, because the deadline may be over at once.
            let refused = state.withLock { state -> UInt64? in
                let id = deadlines.add(after: time) { self.giveUp(path, $0) }
                guard var running = state[path] else {
                    guard state.count < Self.most else { return id }
                    state[path] = Running(waiters: [id: continuation])
                    begin(path)
                    return nil
                }
                // One that hangs already would only be waited for in vain.
                guard ContinuousClock.now - running.start < time else { return id }
                // What is being looked at may be from before the caller's program was.
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
        let isStarted = LookThread.start { self.end(path, Found(state: FileState(path))) }
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
