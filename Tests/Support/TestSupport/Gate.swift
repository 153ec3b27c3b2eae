import Synchronization

/// A point where tasks wait until a test opens it.
public final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var arrivals: [(count: Int, seen: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    public init() {}

    public func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.resume() }
    }

    /// Waits until the gate is open.
    public func pass() async {
        await withCheckedContinuation { continuation in
            let (isOpen, seen) = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                let count = state.waiting.count
                let seen = state.arrivals.filter { $0.count <= count }.map(\.seen)
                state.arrivals.removeAll { $0.count <= count }
                return (state.isOpen, seen)
            }
            for watcher in seen { watcher.resume() }
            if isOpen { continuation.resume() }
        }
    }

    /// Waits until this many tasks wait at the closed gate.
    public func arrived(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.waiting.count >= count { return true }
                state.arrivals.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}
