internal import AgentAPI
internal import NIOCore
internal import NIOHTTP1
internal import Policy

extension RequestHandler {
    /// Sends each part as it comes. A client that goes away only stops watching; one that does not read is cut off.
    func stream(_ reply: StreamedReply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        count(nil, at: .now())
        guard context.channel.isActive else { return }
        // In HTTP/1.0 the connection's end is the end of the stream. After HEAD it has to be, because the encoder would
        // write the end of a body.
        isLast = !head.isKeepAlive || head.version == .http1_0 || isInputClosed || head.method == .HEAD
        let headers = responseHeaders(reply.contentType, for: head)
        context.write(
            wrapOutboundOut(.head(.init(version: head.version, status: .ok, headers: headers))), promise: nil
        )
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        guard head.method != .HEAD else {
            return context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).whenComplete { _ in
                bound.value.1.close(promise: nil)
            }
        }
        if !reply.opening.isEmpty { write(reply.opening, context) }
        context.flush()
        let eventLoop = context.eventLoop
        // No parent: ends with the stream, with the connection or with the server; the last two cancel it.
        let task = Task {
            await reply.forEach { part in
                eventLoop.execute {
                    let (handler, context) = bound.value
                    handler.send(part: part, context)
                }
            }
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.endStream()
                if context.channel.isActive { handler.finish(context, at: .now()) }
            }
        }
        streaming = Streaming(task: task, sign: reply.sign, facts: reply.facts, lastPart: .now())
        if isStopping { task.cancel() }
        showSigns(context)
    }

    /// What is left of a stream when its connection goes, or its events have ended.
    func endStream() {
        streaming?.task.cancel()
        streaming?.timer?.cancel()
        streaming = nil
    }

    private func send(part: [UInt8], _ context: ChannelHandlerContext) {
        // A watcher that stopped reading: its own buffer is all it may hold.
        guard context.channel.isWritable else { return context.close(promise: nil) }
        // Nothing is sent to the holder of the connection of a program that has ended, or to another program than the
        // one that was let in.
        do throws(Problem) {
            try connection.router.gate.recognize(connection.identity, streaming?.facts ?? [])
        } catch { return context.close(promise: nil) }
        streaming?.lastPart = .now()
        write(part, context)
        context.flush()
    }

    private func write(_ part: [UInt8], _ context: ChannelHandlerContext) {
        context.write(
            wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: part)))), promise: nil
        )
    }

    /// Has a client see that the agent lives, and the agent that a client does not read any more.
    private func showSigns(_ context: ChannelHandlerContext) {
        guard let streaming, let sign = streaming.sign else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        self.streaming?.timer = context.eventLoop.scheduleTask(
            deadline: streaming.lastPart + TimeAmount(connection.limits.silence)
        ) {
            let (handler, context) = bound.value
            guard let streaming = handler.streaming, context.channel.isActive else { return }
            if streaming.lastPart + TimeAmount(handler.connection.limits.silence) <= .now() {
                handler.send(part: sign, context)
            }
            handler.showSigns(context)
        }
    }
}

/// A streamed reply under way.
struct Streaming {
    let task: Task<Void, Never>
    let sign: [UInt8]?
    let facts: CallerFacts
    var lastPart: NIODeadline
    /// Of the next sign of life; there is none where nobody watches.
    var timer: Scheduled<Void>?
}
