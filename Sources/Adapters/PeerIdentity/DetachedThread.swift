internal import Sandbox
internal import System

/// A thread that may block in the kernel without end, where even SIGKILL has no effect (FUSE, NFS).
///
/// It has its own descriptor table, with the way to the process reader alone: otherwise the agent's lock and socket would
/// stay open in it after the agent is killed, and no other agent could start.
enum DetachedThread {
    /// Starts a thread; false if the system has none.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        WorkerThread.start(named: "look-up") {
            DescriptorTable.makeOwn(keeping: ProcessReader.descriptor)
            body()
        }
    }
}
