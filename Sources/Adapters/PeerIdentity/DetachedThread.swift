internal import Glibc
internal import System

/// A thread that may block in the kernel without end, where even SIGKILL has no effect (FUSE, NFS).
///
/// It has its own descriptor table: otherwise the agent's lock and socket would stay open in it after the agent is
/// killed, and no other agent could start.
enum DetachedThread {
    private final class Job {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a thread; false if the system has none.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let job = Unmanaged.passRetained(Job(body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                let job = Unmanaged<Job>.fromOpaque(raw).takeRetainedValue()
                DescriptorTable.makeOwn()
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
