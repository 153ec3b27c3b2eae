internal import Glibc
internal import Synchronization

/// Threads for blocking calls. Swift's shared pool has only as many threads as processors; a blocked one stalls all
/// tasks.
final class BlockingThreads: Sendable {
    /// Concurrent calls; further ones queue.
    private static let limit = 256

    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    static let shared = BlockingThreads()
    private let state = Mutex(State())

    /// Runs the job on its own thread, as soon as the limit permits.
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
            // Without a thread, blocking the pool is better than losing the call.
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
