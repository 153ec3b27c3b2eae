internal import AgentAPI
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// One connection: collects a request, has it answered, sends the reply. One request at a time; those that a client
/// sends ahead wait in `HTTPServerPipelineHandler`.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let harness: Harness
    private let limits: ServerLimits
    private let logger: Logger
    private let timer: ConnectionTimer
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// Set when a request was answered before its end; the rest of it is dropped.
    private var isRejected = false
    private var streaming: Task<Void, Never>?

    init(harness: Harness, limits: ServerLimits, logger: Logger, timer: ConnectionTimer) {
        self.harness = harness
        self.limits = limits
        self.logger = logger
        self.timer = timer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRejected else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let part): append(part, context)
        case .end: if let head { answer(APIRequest(head, body: body), head, context) }
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.head = head
        body = []
        let size = head.headers.reduce(head.uri.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        if size > limits.requestHead {
            return reject(
                Problem(.tooLarge, "the request head is larger than \(limits.requestHead) bytes"), 431, context)
        }
        // RFC 9112 §3.2.
        if head.version != .http1_0, head.headers["host"].count != 1 {
            return reject(Problem(.badRequest, "the request needs one Host header"), nil, context)
        }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > limits.requestBody {
            return reject(tooLarge, nil, context)
        }
        if head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }), head.version != .http1_0 {
            context.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
        }
    }

    private var tooLarge: Problem {
        Problem(.tooLarge, "the body is larger than \(limits.requestBody) bytes", hint: "see authagent-api(7)")
    }

    private func append(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
        guard body.count + part.readableBytes <= limits.requestBody else { return reject(tooLarge, nil, context) }
        body.append(contentsOf: part.readableBytesView)
    }

    private func answer(_ request: APIRequest, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        timer.enter(.answering)
        if let reply = harness.answerAtOnce(request) { return send(reply, head, context) }
        let harness = harness
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let deadline = NIOLoopBoundBox<Scheduled<Void>?>(nil, eventLoop: eventLoop)
        let once = NIOLoopBoundBox(false, eventLoop: eventLoop)
        if request.method != "POST" {
            // Only what can be asked again is given up: a logout or a login goes on to its end.
            deadline.value = eventLoop.scheduleTask(in: TimeAmount(limits.answerTime)) {
                once.value = true
                handler.value.send(Self.timeout, head, bound.value)
            }
        }
        // No parent: what was asked for is done even if the client goes away meanwhile.
        Task {
            let answer = await harness.answer(request)
            eventLoop.execute {
                deadline.value?.cancel()
                guard !once.value else { return }
                switch answer {
                case .reply(let reply): handler.value.send(reply, head, bound.value)
                case .events(let events): handler.value.stream(events, head, bound.value)
                }
            }
        }
    }

    private static let timeout = Reply.problem(
        Problem(.timeout, "the answer takes too long", hint: "try again; what was begun goes on")
    )

    private func send(_ reply: Reply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let keepsAlive = head.isKeepAlive
        var headers = responseHeaders(reply.contentType, keepsAlive: keepsAlive)
        headers.add(name: "content-length", value: "\(reply.body.count)")
        if !reply.allowedMethods.isEmpty {
            headers.add(name: "allow", value: reply.allowedMethods.joined(separator: ", "))
        }
        timer.enter(.sending)
        let status = HTTPResponseStatus(statusCode: reply.status)
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD {
            var buffer = context.channel.allocator.buffer(capacity: reply.body.count)
            buffer.writeBytes(reply.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        finish(head, keepsAlive: keepsAlive, context)
        logger.debug(
            "answered",
            metadata: ["method": "\(head.method)", "path": "\(path(of: head))", "status": "\(reply.status)"]
        )
    }

    /// Ends a reply; the next request may come.
    private func finish(_ head: HTTPRequestHead, keepsAlive: Bool, _ context: ChannelHandlerContext) {
        self.head = nil
        body = []
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            let (handler, context) = bound.value
            if handler.timer.phase == .sending { handler.timer.enter(.idle) }
            if !keepsAlive { context.close(promise: nil) }
        }
    }

    /// Answers before the request is complete, and hears no more of it.
    private func reject(_ problem: Problem, _ status: Int?, _ context: ChannelHandlerContext) {
        guard var head else { return }
        isRejected = true
        head.headers.replaceOrAdd(name: "connection", value: "close")
        send(.problem(problem, status: status), head, context)
    }

    private func responseHeaders(_ contentType: String, keepsAlive: Bool) -> HTTPHeaders {
        var headers = HTTPHeaders([("content-type", contentType), ("cache-control", "no-store")])
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        return headers
    }

    private func path(of head: HTTPRequestHead) -> String {
        Route(path: head.uri.prefix { $0 != "?" })?.path ?? "unknown"
    }
}

extension RequestHandler {
    /// Sends each event as it comes. A client that goes away only stops watching; one that does not read is cut off.
    private func stream(
        _ events: AsyncStream<LoginEvent>, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        guard context.channel.isActive else { return }
        let keepsAlive = head.isKeepAlive && head.version != .http1_0
        let headers = responseHeaders(LoginEvent.mediaType, keepsAlive: keepsAlive)
        context.writeAndFlush(
            wrapOutboundOut(.head(.init(version: head.version, status: .ok, headers: headers))), promise: nil
        )
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        // No parent: ends with the events or with the connection, which cancels it.
        streaming = Task {
            for await event in events {
                eventLoop.execute {
                    let (handler, context) = bound.value
                    handler.send(event, context)
                }
            }
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.streaming = nil
                if context.channel.isActive { handler.finish(head, keepsAlive: keepsAlive, context) }
            }
        }
    }

    private func send(_ event: LoginEvent, _ context: ChannelHandlerContext) {
        // A watcher that stopped reading: its own buffer is all it may hold.
        guard context.channel.isWritable else { return context.close(promise: nil) }
        let line = APIJSON.encode(event) + [UInt8(ascii: "\n")]
        context.writeAndFlush(
            wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: line)))), promise: nil
        )
    }

    func channelInactive(context: ChannelHandlerContext) {
        streaming?.cancel()
        timer.stop()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client will send no more, and has its replies by now.
        if case ChannelEvent.inputClosed = event { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Bytes that are no HTTP.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isRejected else { return context.close(promise: nil) }
        isRejected = true
        let isTooLarge = error == .headerOverflow
        let problem =
            isTooLarge
            ? Problem(.tooLarge, "the request head is larger than \(limits.requestHead) bytes")
            : Problem(.badRequest, "this is no HTTP/1.1 request", hint: "see authagent-api(7)")
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        head.headers.add(name: "connection", value: "close")
        send(.problem(problem, status: isTooLarge ? 431 : nil), head, context)
    }
}
