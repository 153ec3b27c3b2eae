internal import Synchronization
internal import Vault

/// The end of a sink's first attempt, for those that wait for it.
final class FirstAttempt: Sendable {
    private struct State {
        var isOver = false
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Mutex(State())

    func end() {
        let waiting = state.withLock { state in
            defer { (state.isOver, state.waiting) = (true, []) }
            return state.waiting
        }
        for waiting in waiting { waiting.finish() }
    }

    /// Returns after the attempt, at most at the deadline.
    func wait(until deadline: ContinuousClock.Instant, _ time: any Time) async {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let isOver = state.withLock { state in
            if !state.isOver { state.waiting.append(end) }
            return state.isOver
        }
        if isOver { return }
        _ = await SinkJobs.withDeadline(deadline, time) { for await _ in ends {} }
    }
}
