internal import AgentAPI
internal import NIOCore
internal import NIOHTTP1
internal import Policy

extension RequestHandler {
    /// Sends each part as it arrives. A disconnect only ends the watch; a client that does not read is disconnected.
    func stream(_ reply: StreamedReply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        count(nil, at: .now())
        guard context.channel.isActive else { return }
        // HTTP/1.0 marks the end of a stream by closing. So must HEAD, because the encoder would write the last chunk.
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
        // A client that has left is noticed by that write, and then nothing else would end the watch.
        guard context.channel.isActive else { return }
        let eventLoop = context.eventLoop
        // Unstructured task: ends with the stream; cancelled when the connection or the server ends.
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

    /// Cancels the stream's task and timer when its connection or its events end.
    func endStream() {
        streaming?.task.cancel()
        streaming?.timer?.cancel()
        streaming = nil
    }

    private func send(part: [UInt8], _ context: ChannelHandlerContext) {
        // The client stopped reading: do not buffer more than its channel does.
        guard context.channel.isWritable else { return context.close(promise: nil) }
        // Another process may hold the connection by now, or the caller may have executed another program.
        do throws(Problem) {
            try connection.router.gate.requireConnected(connection.identity, streaming?.facts ?? [])
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

    /// Schedules the next heartbeat, which also detects a client that no longer reads.
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

/// A streamed reply in progress.
struct Streaming {
    let task: Task<Void, Never>
    let sign: [UInt8]?
    let facts: CallerFacts
    var lastPart: NIODeadline
    /// Sends the next heartbeat; `nil` if the stream has none.
    var timer: Scheduled<Void>?
}
