internal import Glibc
internal import Synchronization
internal import System

/// The thread that accepts connections for credentials. It sleeps while there are none.
final class CredentialAcceptor: Sendable {
    private let poll: EventPoll
    private let bell: EventBell
    private let isStopping = Atomic(false)
    /// The connections that have been taken and not released.
    private let open = Atomic(0)

    /// In milliseconds, while no descriptor or no room is free.
    private static let pause: Int32 = 50
    private let most: Int

    /// Takes ownership of the listeners. `most`: the connections that are open at once; the next ones wait in the kernel's
    /// queue. `take` receives the connections, and owns them. `ended`: there are no more.
    init(
        _ listeners: [Int32], most: Int, _ take: @escaping @Sendable (Int32) -> Void,
        ended: @escaping @Sendable () -> Void
    ) throws(LocalSocketError) {
        self.most = most
        poll = try EventPoll()
        bell = try EventBell()
        for descriptor in listeners + [bell.descriptor] {
            guard poll.watch(descriptor, for: .readable, isNew: true) else {
                throw .system(call: "epoll_ctl", path: "the sockets", errno: errno)
            }
        }
        for listener in listeners { _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) }
        guard WorkerThread.start(named: "credentials", { [self] in accept(at: Set(listeners), take, ended) }) else {
            throw .system(call: "pthread_create", path: "the sockets", errno: EAGAIN)
        }
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        bell.ring()
    }

    /// Makes room for another connection.
    func release() { open.subtract(1, ordering: .relaxed) }

    private func accept(at listeners: Set<Int32>, _ take: (Int32) -> Void, _ ended: () -> Void) {
        var ready = EventPoll.Ready()
        while !isStopping.load(ordering: .relaxed) {
            poll.wait(&ready, milliseconds: -1)
            for index in 0..<ready.count where listeners.contains(ready[index].descriptor) {
                guard open.load(ordering: .relaxed) < most else {
                    _ = Glibc.poll(nil, 0, Self.pause)
                    continue
                }
                let socket = LocalSocket.accept(ready[index].descriptor)
                if socket >= 0 {
                    open.add(1, ordering: .relaxed)
                    take(socket)
                } else if ![EAGAIN, ECONNABORTED, EINTR].contains(errno) {
                    _ = Glibc.poll(nil, 0, Self.pause)
                }
            }
        }
        // Resets what is still in their queues, with which a unit does not start.
        for listener in listeners { close(listener) }
        ended()
    }
}
