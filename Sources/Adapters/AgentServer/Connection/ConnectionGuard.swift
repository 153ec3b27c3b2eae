internal import AgentAPI
internal import Logging
internal import NIOCore
internal import Policy

/// The first handler of a connection: it sees bytes before HTTP does. It ends connections that take too long, and
/// answers requests that are known by their bytes; all others it leaves to HTTP.
final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: Connection
    private var hasHTTP = false
    /// While a reply of this handler's own is on its way to the client.
    private var isSending = false
    /// What has to wait for that.
    private var laterEvents: [Any] = []

    private var timer: ConnectionTimer { connection.timer }

    init(_ connection: Connection) { self.connection = connection }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer.expired = { [weak self] phase in self?.expired(phase, bound.value) }
        connection.allSent = { [weak self] in self?.tellLater(bound.value) }
        timer.enter(.idle)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer.stop()
        connection.allSent = {}
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let isFirst = timer.phase == .idle && connection.isBetweenRequests
        if isFirst, let ask = connection.known.find(bytes, of: connection.identity.connected.user) {
            let start = NIODeadline.now()
            switch connection.router.answerAtOnce(ask, connection.identity) {
            case .reply(let reply):
                let now = NIODeadline.now()
                let took = (now - start).nanoseconds
                connection.metrics.answered(.token, reply.code, isAtOnce: true, nanoseconds: took)
                return send(reply, context, at: now)
            case .later(let deferred): connection.deferred = .later(deferred)
            }
        }
        // From here on HTTP keeps what it sends in order, behind what is still on its way.
        let wasSending = isSending
        isSending = false
        if timer.phase == .idle || wasSending { timer.enter(.receiving) }
        connection.isBetweenRequests = isFirst && KnownRequests.isOneHead(bytes)
        connection.received = connection.isBetweenRequests ? bytes : nil
        passOn(data, context)
        connection.received = nil
        connection.deferred = nil
        // The head has announced a body.
        if timer.phase == .receiving { connection.isBetweenRequests = false }
        if wasSending { tellLater(context) }
    }

    private func passOn(_ data: NIOAny, _ context: ChannelHandlerContext) {
        if !hasHTTP {
            do { try connection.addHTTP(to: context.channel) } catch { return context.close(promise: nil) }
            hasHTTP = true
        }
        context.fireChannelRead(data)
    }

    private func send(_ reply: Reply, _ context: ChannelHandlerContext, at now: NIODeadline) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(reply.bytes(channel.allocator, closes: false)), promise: nil)
        if let left = try? channel.syncOptions?.getOption(.bufferedWritableBytes), left == 0 {
            // The kernel has it all, as nearly always.
            timer.enter(.idle, at: now)
        } else {
            isSending = true
            timer.enter(.sending, at: now)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            // Is written after what is left.
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
                let (handler, context) = bound.value
                handler.sent(context)
            }
        }
        connection.logger.debug("answered", metadata: ["method": "GET", "status": "\(reply.status)", "known": "true"])
    }

    private func sent(_ context: ChannelHandlerContext) {
        guard isSending else { return }
        isSending = false
        timer.enter(.idle)
        tellLater(context)
    }

    private func tellLater(_ context: ChannelHandlerContext) {
        let events = laterEvents
        laterEvents = []
        for event in events { userInboundEventTriggered(context: context, event: event) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // HTTP closes a connection without a request at once, and what is on its way would be cut off.
        if isSending || (event is ChannelShouldQuiesceEvent && connection.unsent > 0) {
            return laterEvents.append(event)
        }
        if hasHTTP { return context.fireUserInboundEventTriggered(event) }
        switch event {
        // The client sends no more, or the server stops.
        case ChannelEvent.inputClosed, is ChannelShouldQuiesceEvent: context.close(promise: nil)
        case is RulesHaveChanged:
            if !connection.router.gate.mayConnect(connection.identity) { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if hasHTTP { context.fireErrorCaught(error) } else { context.close(promise: nil) }
    }

    private func expired(_ phase: ConnectionTimer.Phase, _ context: ChannelHandlerContext) {
        guard phase == .receiving else { return context.close(promise: nil) }
        let problem = Problem(.timeout, "the request did not end in time", hint: "send it in one piece")
        connection.metrics.answered(nil, problem.code, isAtOnce: false, nanoseconds: nil)
        let reply = Reply.problem(problem, status: 408).bytes(context.channel.allocator, closes: true)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(reply)).whenComplete { _ in bound.value.close(promise: nil) }
    }
}
