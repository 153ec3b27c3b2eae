internal import Dispatch
internal import Synchronization

/// Timed calls that can be removed before their time. One timer serves all of them.
final class Deadlines: Sendable {
    private struct State {
        var entries: [UInt64: (end: ContinuousClock.Instant, body: @Sendable (UInt64) -> Void)] = [:]
        var last: UInt64 = 0
        /// The time when the timer fires.
        var next: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    /// Calls on this queue must not block.
    private let queue = DispatchQueue(label: "authagent.deadlines")

    /// Returns the number that removes the deadline; `body` gets it too.
    func add(after time: Duration, _ body: @escaping @Sendable (UInt64) -> Void) -> UInt64 {
        let end = ContinuousClock.now + time
        return state.withLock { state in
            state.last += 1
            state.entries[state.last] = (end, body)
            schedule(end, &state)
            return state.last
        }
    }

    func remove(_ entry: UInt64) { state.withLock { $0.entries[entry] = nil } }

    private func schedule(_ end: ContinuousClock.Instant, _ state: inout State) {
        if let next = state.next, next <= end { return }
        state.next = end
        let left = max(.zero, end - .now)
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(left / .milliseconds(1)) + 1)) { [weak self] in
            self?.fire(end)
        }
    }

    private func fire(_ timer: ContinuousClock.Instant) {
        let due = state.withLock { state -> [(UInt64, @Sendable (UInt64) -> Void)] in
            // An earlier deadline was added meanwhile.
            guard state.next == timer else { return [] }
            state.next = nil
            let due = state.entries.filter { $0.value.end <= .now }
            for entry in due.keys { state.entries[entry] = nil }
            if let end = state.entries.values.map(\.end).min() { schedule(end, &state) }
            return due.map { ($0.key, $0.value.body) }
        }
        for (id, body) in due { body(id) }
    }
}
