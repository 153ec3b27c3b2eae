internal import AgentAPI
internal import Glibc
internal import Logging
internal import NIOCore
internal import Policy

/// The first handler of a connection, which sees bytes before HTTP does: it ends connections that take too long, and
/// returns those without a request to the lane.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: Connection
    private var boundary: MessageBoundary
    /// The number of bytes that have come since a reply is being worked on or sent.
    private var ahead = 0
    private var isInputClosed = false
    /// What has to wait until all replies are sent.
    private var laterEvents: [Any] = []

    private var timer: ConnectionTimer { connection.timer }

    init(_ connection: Connection) {
        self.connection = connection
        boundary = MessageBoundary(largestHead: connection.limits.requestHead)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer.expired = { [weak self] phase in self?.expired(phase, bound.value) }
        connection.allSent = { [weak self] in self?.passLaterEvents(bound.value) }
        timer.enter(.idle)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer.stop()
        connection.allSent = {}
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch timer.phase {
        case .idle, .longIdle:
            ahead = 0
            timer.enter(.receiving)
        case .receiving: ahead = 0
        case .answering, .sending:
            // At the end of the input SwiftNIO reads all that a client has sent ahead. Parsed, it would cost a hundred
            // times its size, and seconds.
            ahead += bytes.readableBytes
            guard ahead <= connection.limits.requestBody, !hasHungUp(context) else {
                return context.close(promise: nil)
            }
        }
        bytes.withUnsafeReadableBytes { boundary.received($0) }
        context.fireChannelRead(data)
    }

    /// Whether the client has closed the connection in both directions, so that it reads no reply.
    private func hasHungUp(_ context: ChannelHandlerContext) -> Bool {
        let state = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { socket in
            var wait = pollfd(fd: socket, events: 0, revents: 0)
            return poll(&wait, 1, 0) == 1 && wait.revents & Int16(POLLHUP) != 0
        }
        return state ?? false
    }

    private func passLaterEvents(_ context: ChannelHandlerContext) {
        let events = laterEvents
        laterEvents = []
        for event in events { userInboundEventTriggered(context: context, event: event) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { isInputClosed = true }
        if event is ChannelShouldQuiesceEvent {
            // HTTP closes a connection without a request at once, and what is on its way would be cut off.
            if connection.unsent > 0 { return laterEvents.append(event) }
            if timer.phase != .receiving, timer.phase != .answering, closeInput(context) { return }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Ends the input for a client without a request: what it has sent is still read and answered, and its next send(2)
    /// fails. Returns false if that is not possible.
    private func closeInput(_ context: ChannelHandlerContext) -> Bool {
        let result = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { shutdown($0, Int32(SHUT_RD)) }
        return result == 0
    }

    private func expired(_ phase: ConnectionTimer.Phase, _ context: ChannelHandlerContext) {
        switch phase {
        case .idle:
            guard !returnToLane(context) else { return }
            timer.enter(.longIdle)
        case .receiving:
            let problem = Problem(.timeout, "the request did not end in time", hint: "send it in one piece")
            connection.metrics.answered(nil, problem.code, isAtOnce: false, nanoseconds: nil)
            let reply = Reply.problem(problem, status: 408).encoded(closes: true)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply))).whenComplete { _ in
                bound.value.close(promise: nil)
            }
        case .longIdle, .answering, .sending: context.close(promise: nil)
        }
    }

    /// Returns the connection to the lane, where it costs less; false if that is not possible.
    private func returnToLane(_ context: ChannelHandlerContext) -> Bool {
        // Bytes that HTTP has read would be lost.
        guard boundary.isBetweenMessages, !isInputClosed, connection.unsent == 0,
            let socket = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self, { fcntl($0, F_DUPFD_CLOEXEC, 3) }), socket >= 0
        else { return false }
        let transferred = TransferredConnection(
            socket: socket, identity: connection.identity, place: connection.place,
            since: .now() - TimeAmount(connection.limits.returnTime))
        // Closed first: the lane must not see the socket while SwiftNIO watches it.
        connection.isReturned = true
        context.close(promise: nil)
        if !connection.lane.take(transferred) {
            _ = close(socket)
            // Its place in the caps is given up when the close has ended.
            connection.isReturned = false
        }
        return true
    }
}
