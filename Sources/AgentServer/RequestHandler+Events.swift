internal import AgentAPI
internal import NIOCore
internal import NIOHTTP1

extension RequestHandler {
    /// Sends each event as it comes. A client that goes away only stops watching; one that does not read is cut off.
    func stream(_ events: AsyncStream<LoginEvent>, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        // In HTTP/1.0 the connection's end is the end of the events.
        isLast = !head.isKeepAlive || head.version == .http1_0 || isInputClosed
        let headers = responseHeaders(LoginEvent.mediaType, for: head)
        context.writeAndFlush(
            wrapOutboundOut(.head(.init(version: head.version, status: .ok, headers: headers))), promise: nil
        )
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        // No parent: ends with the events, with the connection or with the server; the last two cancel it.
        let task = Task {
            for await event in events {
                eventLoop.execute {
                    let (handler, context) = bound.value
                    handler.send(event, context)
                }
            }
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.streaming = nil
                if context.channel.isActive { handler.finish(context) }
            }
        }
        streaming = task
        if isStopping { task.cancel() }
    }

    private func send(_ event: LoginEvent, _ context: ChannelHandlerContext) {
        // A watcher that stopped reading: its own buffer is all it may hold.
        guard context.channel.isWritable else { return context.close(promise: nil) }
        let line = APIJSON.encode(fixed: event) + [UInt8(ascii: "\n")]
        context.writeAndFlush(
            wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: line)))), promise: nil
        )
    }
}
