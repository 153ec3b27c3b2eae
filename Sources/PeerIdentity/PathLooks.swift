internal import Dispatch
internal import Synchronization

/// Looks at paths that rules name: one thread for each at a time, whoever waits for it.
final class PathLooks: Sendable {
    /// What was found; a state of `nil` is a file that is not there.
    struct Found: Sendable { var state: FileState? }

    private typealias Waiter = CheckedContinuation<Found?, Never>

    private struct Running {
        var start = ContinuousClock.now
        var waiters: [UInt64: Waiter] = [:]
        /// Asked for a look that begins after theirs.
        var next: [UInt64: Waiter] = [:]
    }

    private struct State {
        var running: [String: Running] = [:]
        var last: UInt64 = 0
    }

    private let state = Mutex(State())
    private let clock = DispatchQueue(label: "authagent.paths")

    /// Each may hang. Rules name a handful.
    private static let most = 16

    /// Returns `nil` if there is no answer in time.
    func look(at path: String, within time: Duration) async -> Found? {
        await withCheckedContinuation { continuation in
            let waiter = state.withLock { state -> UInt64? in
                state.last += 1
                guard var running = state.running[path] else {
                    guard state.running.count < Self.most else { return nil }
                    state.running[path] = Running(waiters: [state.last: continuation])
                    begin(path)
                    return state.last
                }
                // One that hangs already would only be waited for in vain.
                guard ContinuousClock.now - running.start < time else { return nil }
                // What is being read may be from before the caller's program was.
                running.next[state.last] = continuation
                state.running[path] = running
                return state.last
            }
            guard let waiter else { return continuation.resume(returning: nil) }
            let end = DispatchTime.now() + .milliseconds(Int(time / .milliseconds(1)))
            clock.asyncAfter(deadline: end) { self.giveUp(path, waiter) }
        }
    }

    private func begin(_ path: String) {
        DispatchQueue(label: "authagent.path").async {
            let found = Found(state: FileState(path))
            let (ended, isNext) = self.state.withLock { state in
                let running = state.running[path]
                let next = running?.next ?? [:]
                state.running[path] = next.isEmpty ? nil : Running(waiters: next)
                return (running?.waiters ?? [:], !next.isEmpty)
            }
            if isNext { self.begin(path) }
            for waiter in ended.values { waiter.resume(returning: found) }
        }
    }

    private func giveUp(_ path: String, _ waiter: UInt64) {
        let found = state.withLock { state in
            state.running[path]?.waiters.removeValue(forKey: waiter)
                ?? state.running[path]?.next.removeValue(forKey: waiter)
        }
        found?.resume(returning: nil)
    }
}
