internal import CLinux
internal import Glibc

/// A thread of its own for work that blocks, which the cooperative threads of Swift's tasks must not.
public enum WorkerThread {
    private final class Job {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }
    }

    /// Starts a thread that ends with `body`. Returns false if the system has none, and then `body` does not run. `name`:
    /// at most 15 bytes, for ps(1) and debuggers.
    public static func start(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let job = Unmanaged.passRetained(Job(name, body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                let job = Unmanaged<Job>.fromOpaque(raw).takeRetainedValue()
                clinux_name_process(job.name)
                job.body()
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
