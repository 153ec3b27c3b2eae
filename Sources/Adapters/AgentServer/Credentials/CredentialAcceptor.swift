internal import Glibc
internal import Synchronization
internal import System

/// The thread that accepts connections for credentials. It sleeps while there are none.
final class CredentialAcceptor: Sendable {
    private let poll: EventPoll
    private let bell: EventBell
    private let isStopping = Atomic(false)

    /// In milliseconds, while no descriptor is free.
    private static let pause: Int32 = 50

    /// Takes ownership of the listeners. `take` receives the connections, and owns them.
    init(_ listeners: [Int32], _ take: @escaping @Sendable (Int32) -> Void) throws(LocalSocketError) {
        poll = try EventPoll()
        bell = try EventBell()
        for descriptor in listeners + [bell.descriptor] {
            guard poll.watch(descriptor, for: .readable, isNew: true) else {
                throw .system(call: "epoll_ctl", path: "the sockets", errno: errno)
            }
        }
        for listener in listeners { _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) }
        guard WorkerThread.start(named: "credentials", { [self] in accept(at: Set(listeners), take) }) else {
            throw .system(call: "pthread_create", path: "the sockets", errno: EAGAIN)
        }
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        bell.ring()
    }

    private func accept(at listeners: Set<Int32>, _ take: (Int32) -> Void) {
        var ready = EventPoll.Ready()
        while !isStopping.load(ordering: .relaxed) {
            poll.wait(&ready, milliseconds: -1)
            for index in 0..<ready.count where listeners.contains(ready[index].descriptor) {
                let socket = LocalSocket.accept(ready[index].descriptor)
                if socket >= 0 {
                    take(socket)
                } else if ![EAGAIN, ECONNABORTED, EINTR].contains(errno) {
                    _ = Glibc.poll(nil, 0, Self.pause)
                }
            }
        }
        for listener in listeners { close(listener) }
    }
}
