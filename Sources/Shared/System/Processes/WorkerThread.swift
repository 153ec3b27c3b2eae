internal import Glibc

/// A thread of its own for work that blocks, which the cooperative threads of Swift's tasks must not.
public enum WorkerThread {
    private final class Job {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a thread that ends with `body`. Returns false if the system has none, and then `body` does not run.
    public static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let job = Unmanaged.passRetained(Job(body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<Job>.fromOpaque(raw).takeRetainedValue().body()
                return nil
            }, job.toOpaque())
        guard failure == 0 else {
            job.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
