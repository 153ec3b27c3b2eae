internal import Glibc
internal import Synchronization

/// Threads for calls that block: the threads that Swift's tasks share are as few as the machine's processors, and one
/// that waits for the agent is missed by everybody.
final class BlockingThreads: Sendable {
    /// So many calls wait for the agent at once; more wait for their turn.
    private static let limit = 256

    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    static let shared = BlockingThreads()
    private let state = Mutex(State())

    /// Runs the job on a thread of its own, as soon as one may be started.
    func run(_ job: @escaping @Sendable () -> Void) {
        let mayStart = state.withLock { state in
            guard state.running < Self.limit else {
                state.waiting.append(job)
                return false
            }
            state.running += 1
            return true
        }
        guard mayStart else { return }
        Self.start {
            job()
            while let next = self.next() { next() }
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    private static func start(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Job(body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<Job>.fromOpaque(raw).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard failure == 0 else {
            // No thread is to be had: better to block one of the few than to answer nobody.
            box.takeRetainedValue().body()
            return
        }
        pthread_detach(thread)
    }

    private final class Job {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
