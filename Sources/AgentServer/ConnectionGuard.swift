internal import AgentAPI
internal import NIOCore

/// The first handler of a connection: it sees bytes before HTTP does, and ends connections that take too long.
final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let timer: ConnectionTimer

    init(timer: ConnectionTimer) { self.timer = timer }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer.expired = { [weak self] phase in self?.expired(phase, bound.value) }
        timer.enter(.idle)
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer.stop() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if timer.phase == .idle { timer.enter(.receiving) }
        context.fireChannelRead(data)
    }

    private func expired(_ phase: ConnectionTimer.Phase, _ context: ChannelHandlerContext) {
        guard phase == .receiving else { return context.close(promise: nil) }
        let problem = Problem(.timeout, "the request did not end in time", hint: "send it in one piece")
        let reply = RawReply.bytes(.problem(problem, status: 408), context.channel.allocator)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(reply)).whenComplete { _ in bound.value.close(promise: nil) }
    }
}

/// A whole reply as bytes, for connections on which no request has been read.
enum RawReply {
    static func bytes(_ reply: Reply, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        // The reason phrase is for nobody (RFC 9112 §4), but the space before it is required.
        var buffer = allocator.buffer(capacity: 256 + reply.body.count)
        buffer.writeString("HTTP/1.1 \(reply.status) \r\ncontent-type: \(reply.contentType)\r\n")
        buffer.writeString(
            "content-length: \(reply.body.count)\r\ncache-control: no-store\r\nconnection: close\r\n\r\n")
        buffer.writeBytes(reply.body)
        return buffer
    }
}
