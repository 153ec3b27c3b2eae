internal import Glibc
internal import System

/// A thread that may wait in the kernel without an end, where not even SIGKILL ends it (FUSE, NFS).
///
/// It has a table of descriptors of its own: the agent's lock and socket would else stay open in it when the agent is
/// killed, and no other agent could start.
enum LookThread {
    private final class Job {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Returns whether there was a thread to be had.
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
