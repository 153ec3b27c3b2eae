internal import AgentAPI
internal import Glibc
internal import Logging
internal import NIOCore
internal import Policy
internal import System

/// The lane's thread: what it accepts, answers, hands over and closes.
final class FastLaneLoop {
    private let poll: EventPoll
    private let bell: EventBell
    private let admission: ConnectionAdmission
    private let router: Router
    private let handOver: @Sendable (TransferredConnection) -> Void
    /// Whether another process listens at the same sockets, and will accept what this one does not.
    private let sharesListeners: Bool

    private var listeners: [Int32] = []
    /// Those that have connections to accept.
    private var accepting: [Int32] = []
    /// Until when no listener is watched, after accept(2) found no free descriptor; `nil` if they are.
    private var pausedUntil: NIODeadline?
    /// By descriptor.
    var connections: [LaneConnection?] = []
    private var open = 0
    private var lastSerial: UInt32 = 0
    /// No phase of a connection ends before.
    private var nextDeadline: NIODeadline?
    private var isStopping = false
    /// Resumed when a stop has no connection left that may still send a request.
    var whenAnswered: CheckedContinuation<Void, Never>?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PlainTokenRequest.longest, alignment: 16)

    var limits: ServerLimits { admission.limits }
    private var metrics: ServerMetrics { admission.metrics }

    /// Long enough to cost little CPU time, short for the clients in the queue.
    private static let pause = TimeAmount.milliseconds(50)

    init(
        _ poll: EventPoll, _ bell: EventBell, _ admission: ConnectionAdmission, _ router: Router,
        sharesListeners: Bool, _ handOver: @escaping @Sendable (TransferredConnection) -> Void
    ) {
        (self.poll, self.bell, self.admission, self.router, self.handOver) = (poll, bell, admission, router, handOver)
        self.sharesListeners = sharesListeners
    }

    deinit { buffer.deallocate() }

    /// Runs until a stop. `orders` takes what other threads want.
    func run(_ orders: () -> [FastLane.Order]) {
        // Treated like any other failed allocation in Swift: without this no client can be served.
        guard poll.watch(bell.descriptor, for: .readable, isNew: true) else { fatalError("out of memory for epoll") }
        var ready = EventPoll.Ready()
        while !isStopping || open > 0 {
            poll.wait(&ready, milliseconds: patience())
            var (answered, isCalled) = (0, false)
            accepting.removeAll(keepingCapacity: true)
            for index in 0..<ready.count {
                let (descriptor, serial, events) = ready[index]
                if descriptor == bell.descriptor {
                    isCalled = true
                } else if listeners.contains(descriptor) {
                    accepting.append(descriptor)
                } else if let connection = connection(descriptor), connection.serial == serial {
                    answered += 1
                    serve(connection, events)
                }
            }
            // After the connections: a new one may get the descriptor of one that has just been closed. As many as
            // requests, so that neither delays the other; with none, one saves the call that finds the queue empty.
            for listener in accepting { accept(at: listener, most: max(1, answered)) }
            if isCalled { for order in orders() { carryOut(order) } }
            checkDeadlines()
            finishAnswering()
        }
    }

    /// How long to wait for events, in milliseconds.
    private func patience() -> Int32 {
        guard nextDeadline != nil || pausedUntil != nil else { return -1 }
        let next = min(nextDeadline ?? .distantFuture, pausedUntil ?? .distantFuture)
        let left = (next - .now()).nanoseconds
        return left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }

    private func carryOut(_ order: FastLane.Order) {
        switch order {
        case .listen(let sockets): listen(at: sockets)
        case .take(let transferred):
            let connection = LaneConnection(
                transferred, .idle, until: transferred.since + TimeAmount(limits.idleTime))
            keep(connection)
            // The rules may have changed on its way.
            if isStopping || !router.gate.mayConnect(connection.identity)
                || !watch(connection, for: [.readable, .halfClosed])
            {
                end(connection)
            }
        case .rulesHaveChanged:
            for connection in connections {
                guard let connection, connection.phase != .refused, !router.gate.mayConnect(connection.identity)
                else { continue }
                end(connection)
            }
        case .dropUnreadReplies:
            for connection in connections {
                if let connection, connection.phase == .sending { end(connection) }
            }
        case .stop(let limit, let done):
            isStopping = true
            whenAnswered = done
            listen(at: [])
            endConnections(at: .now(), limit)
        }
    }

    // Accepting.

    private func listen(at sockets: [Int32]) {
        let former = listeners
        listeners = []
        for listener in former {
            // systemd may hold a copy.
            poll.forget(listener)
            if !sharesListeners { acceptRest(of: listener) }
            _ = close(listener)
        }
        (listeners, pausedUntil) = (sockets, nil)
        for listener in listeners {
            _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK)
            _ = Glibc.listen(listener, limits.backlog)
            if !poll.watch(listener, for: .readable, isNew: true) {
                admission.logger.error("cannot serve the socket", metadata: ["errno": "\(errno)"])
                pausedUntil = .now() + Self.pause
            }
        }
    }

    private func accept(at listener: Int32, most: Int) {
        for _ in 0..<most {
            let socket = LocalSocket.accept(listener)
            guard socket >= 0 else {
                // Without free descriptors the listener would be reported again and again.
                if ![EAGAIN, EINTR, ECONNABORTED].contains(errno) { pause() }
                return
            }
            admit(socket)
        }
    }

    private func pause() {
        for listener in listeners { poll.forget(listener) }
        pausedUntil = .now() + Self.pause
    }

    func admit(_ socket: Int32) {
        let now = NIODeadline.now()
        switch admission.admit(socket, at: now) {
        case .closed: _ = close(socket)
        case .refused(let refused, let reply):
            let connection = LaneConnection(refused, .refused, until: now + TimeAmount(limits.refusalTime))
            keep(connection)
            _ = send(reply[...], connection)
            // Its own side first: a client may treat a connection closed at once as a failed connect.
            _ = shutdown(socket, Int32(SHUT_WR))
            if !watch(connection, for: []) { end(connection) }
        case .admitted(let admitted):
            let connection = LaneConnection(admitted, .idle, until: now + TimeAmount(limits.idleTime))
            connection.isNew = true
            keep(connection)
            // Most clients have sent their request by now.
            if !read(connection), !watch(connection, for: [.readable, .halfClosed]) { end(connection) }
        }
    }

    // Requests.

    private func serve(_ connection: LaneConnection, _ events: EventPoll.Events) {
        let hasEnded = !events.isDisjoint(with: .ended)
        switch connection.phase {
        case .refused: if hasEnded { end(connection) }
        case .sending:
            // Its client can no longer read the reply.
            if hasEnded { return end(connection) }
            guard events.contains(.writable) else { return }
            let rest = send(connection.unsent, connection)
            guard let rest else { return end(connection) }
            connection.unsent = rest
            if rest.isEmpty { replied(connection, at: .now()) }
        case .idle:
            let isLast = hasEnded || events.contains(.halfClosed)
            // Readable without a byte: out-of-band data (send(2), MSG_OOB), which is not HTTP and would be reported again.
            if !read(connection, isLast: isLast), events.contains(.readable) { end(connection) }
        }
    }

    /// Looks at what the client has sent, and answers it or hands the connection over. Returns false if there is nothing.
    func read(_ connection: LaneConnection, isLast: Bool = false) -> Bool {
        let start = NIODeadline.now()
        let count = recv(connection.socket, buffer.baseAddress, buffer.count, Int32(MSG_PEEK))
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return false }
            end(connection)
            return true
        }
        defer { if let start = buffer.baseAddress { explicit_bzero(start, count) } }
        // A client that sends no more gets its replies and is then disconnected, which is left to SwiftNIO.
        guard !isLast, count < buffer.count,
            let request = PlainTokenRequest(UnsafeRawBufferPointer(rebasing: buffer[..<count])),
            let reply = router.plainAnswer(request.ask, connection.identity)
        else {
            transfer(connection)
            return true
        }
        guard recv(connection.socket, buffer.baseAddress, count, 0) == count else {
            end(connection)
            return true
        }
        let now = NIODeadline.now()
        metrics.answered(.token, nil, isAtOnce: true, nanoseconds: (now - start).nanoseconds)
        admission.logger.debug("answered", metadata: ["method": "GET", "status": "200", "lane": "true"])
        connection.isNew = false
        connection.closesAfterReply = request.closes || isStopping
        guard let rest = send(reply.encoded(closes: connection.closesAfterReply)[...], connection) else {
            end(connection)
            return true
        }
        if rest.isEmpty {
            replied(connection, at: now)
        } else {
            connection.unsent = rest
            enter(.sending, connection, until: now + TimeAmount(limits.writeTime))
            if !watch(connection, for: .writable) { end(connection) }
        }
        return true
    }

    /// Begins the wait for the next request, or closes the connection if that was its last reply.
    private func replied(_ connection: LaneConnection, at now: NIODeadline) {
        if connection.closesAfterReply { return end(connection) }
        enter(.idle, connection, until: now + TimeAmount(limits.idleTime))
        if !watch(connection, for: [.readable, .halfClosed]) { end(connection) }
    }

    /// Sends as much as the kernel takes, and returns the rest; `nil` if the connection has ended.
    private func send(_ bytes: ArraySlice<UInt8>, _ connection: LaneConnection) -> ArraySlice<UInt8>? {
        var bytes = bytes
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Glibc.send(connection.socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return errno == EAGAIN ? bytes : nil }
            bytes = bytes.dropFirst(count)
        }
        return bytes
    }

    // Connections.

    private func connection(_ descriptor: Int32) -> LaneConnection? {
        descriptor < connections.count ? connections[Int(descriptor)] : nil
    }

    private func keep(_ connection: LaneConnection) {
        let index = Int(connection.socket)
        while connections.count <= index { connections.append(nil) }
        lastSerial &+= 1
        connection.serial = lastSerial
        connections[index] = connection
        open += 1
        expect(connection.deadline)
    }

    func enter(_ phase: LaneConnection.Phase, _ connection: LaneConnection, until deadline: NIODeadline) {
        (connection.phase, connection.deadline) = (phase, deadline)
        expect(deadline)
    }

    private func watch(_ connection: LaneConnection, for events: EventPoll.Events) -> Bool {
        if connection.watched == events { return true }
        defer { connection.watched = events }
        return poll.watch(
            connection.socket, serial: connection.serial, for: events, isNew: connection.watched == nil)
    }

    private func transfer(_ connection: LaneConnection) {
        if connection.watched != nil { poll.forget(connection.socket) }
        // Out-of-band data becomes a part of the others: SwiftNIO would be told of it again and again.
        var isInline: Int32 = 1
        _ = setsockopt(connection.socket, SOL_SOCKET, SO_OOBINLINE, &isInline, socklen_t(MemoryLayout<Int32>.size))
        remove(connection)
        handOver(
            TransferredConnection(
                socket: connection.socket, identity: connection.identity, place: connection.place, since: .now()))
    }

    func end(_ connection: LaneConnection) {
        remove(connection)
        _ = close(connection.socket)
        admission.ended(connection.place)
    }

    private func remove(_ connection: LaneConnection) {
        connections[Int(connection.socket)] = nil
        open -= 1
    }

    private func expect(_ deadline: NIODeadline) {
        if nextDeadline.map({ deadline < $0 }) ?? true { nextDeadline = deadline }
    }

    /// Closes the connections whose phase has taken too long.
    private func checkDeadlines() {
        guard nextDeadline != nil || pausedUntil != nil else { return }
        let now = NIODeadline.now()
        if let paused = pausedUntil, paused <= now {
            pausedUntil = nil
            for listener in listeners {
                poll.forget(listener)
                if !poll.watch(listener, for: .readable, isNew: true) { pausedUntil = now + Self.pause }
            }
        }
        guard let next = nextDeadline, next <= now else { return }
        nextDeadline = nil
        for connection in connections {
            guard let connection else { continue }
            if connection.deadline <= now { end(connection) } else { expect(connection.deadline) }
        }
    }
}
