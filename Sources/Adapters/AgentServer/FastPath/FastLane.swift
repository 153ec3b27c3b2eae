internal import Glibc
internal import NIOCore
internal import Synchronization
internal import System

/// The lane in front of SwiftNIO: a thread with its own epoll(7) that accepts every connection, and answers plain
/// requests for a token in memory itself.
///
/// Everything else it hands over untouched: it looks at a request's bytes without taking them. A connection comes back
/// after a second without a request, because one with HTTP handlers costs several KiB.
final class FastLane: Sendable {
    enum Order: Sendable {
        /// Accept at these sockets from now on, and no longer at those before them.
        case listen([Int32])
        case take(TransferredConnection)
        case rulesHaveChanged
        /// Close each connection whose client has not read its reply.
        case dropUnreadReplies
        /// Answer what clients have sent and close the rest, then resume `done`; unread replies have `limit`.
        case stop(within: TimeAmount, done: CheckedContinuation<Void, Never>)
    }

    private struct State {
        var orders: [Order] = []
        var isStopping = false
        var hasEnded = false
        var whenEnded: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let poll: EventPoll
    private let bell: EventBell
    /// Whether another process listens at the same sockets, as systemd does.
    private let sharesListeners: Bool

    init(sharesListeners: Bool) throws(LocalSocketError) {
        self.sharesListeners = sharesListeners
        poll = try EventPoll()
        bell = try EventBell()
    }

    /// Starts the thread. `handOver` receives the connections that are for SwiftNIO.
    func start(
        _ admission: ConnectionAdmission, _ router: Router,
        handOver: @escaping @Sendable (TransferredConnection) -> Void
    ) throws(LocalSocketError) {
        let isStarted = WorkerThread.start(named: "lane") { [self] in
            let loop = FastLaneLoop(poll, bell, admission, router, sharesListeners: sharesListeners, handOver)
            loop.run { takeOrders() }
            state.withLock { state in
                state.hasEnded = true
                return state.whenEnded
            }?.resume()
        }
        guard isStarted else { throw .system(call: "pthread_create", path: "the sockets", errno: EAGAIN) }
    }

    func listen(at sockets: [Int32]) { add(.listen(sockets)) }

    func rulesHaveChanged() { add(.rulesHaveChanged) }

    func dropUnreadReplies() { add(.dropUnreadReplies) }

    /// Takes an idle connection back. Returns false during a stop, and then the connection stays the caller's.
    func take(_ connection: TransferredConnection) -> Bool {
        let isTaken = state.withLock { state in
            if !state.isStopping { state.orders.append(.take(connection)) }
            return !state.isStopping
        }
        if isTaken { bell.ring() }
        return isTaken
    }

    /// Waits until the thread has ended, after a stop.
    func end() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.whenEnded = continuation }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// Stops accepting, answers what clients have sent, and closes idle connections. Returns when nothing is handed over
    /// any more; replies that clients have not read yet have `limit`.
    func stop(within limit: TimeAmount) async {
        await withCheckedContinuation { done in
            state.withLock { state in
                state.isStopping = true
                state.orders.append(.stop(within: limit, done: done))
            }
            bell.ring()
        }
    }

    private func add(_ order: Order) {
        state.withLock { $0.orders.append(order) }
        bell.ring()
    }

    private func takeOrders() -> [Order] {
        bell.answer()
        return state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
    }
}
