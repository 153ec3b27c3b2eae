internal import AgentAPI
internal import Logging
internal import NIOCore
internal import NIOHTTP1

extension RequestHandler {
    /// Answers a complete request, at once if possible, else in a task with a time limit.
    func answer(_ request: APIRequest, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        connection.timer.enter(.answering)
        measurement = RequestMeasurement(route: request.route?.resource, at: .now(), isAtOnce: true)
        let deferred: Router.Deferred?
        switch connection.router.answerAtOnce(request, connection.identity) {
        case .reply(let reply): return send(reply, head, context)
        case .later(let token): deferred = token
        }
        measurement?.isAtOnce = false
        let (router, identity) = (connection.router, connection.identity)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let deadline = NIOLoopBoundBox<Scheduled<Void>?>(nil, eventLoop: eventLoop)
        let once = NIOLoopBoundBox(false, eventLoop: eventLoop)
        // Only requests that can be repeated end early: a login or a logout runs to its end.
        let isRepeatable =
            request.method != "POST" || [.tokenRejected, .awsCredentials].contains(measurement?.route)
        let wait = deferred?.request.wait.map { Duration.seconds($0) }
        let replyDeadline = ReplyDeadline(
            limit: min(connection.limits.answerTime, wait ?? connection.limits.answerTime))
        cancellation = replyDeadline.cancellation
        if deferred?.isUnconfirmed == true { replyDeadline.cancellation.needsConfirmation() }
        if isRepeatable {
            let timeOut: @Sendable () -> Void = {
                // A timer cancelled while it fires still runs: a second reply would answer the next request.
                guard !once.value else { return }
                // The task replies that the request was not confirmed.
                guard !replyDeadline.cancellation.timedOut() else { return }
                once.value = true
                handler.value.stopAnswering()
                handler.value.send(Self.timeout, head, bound.value)
            }
            let endOfWait = connection.limits.endOfWaitTime
            waitsForNewerToken = deferred?.request.newerThan != nil
            deadline.value = eventLoop.scheduleTask(in: TimeAmount(replyDeadline.limit)) {
                guard handler.value.waitsForNewerToken, !once.value else { return timeOut() }
                guard !replyDeadline.cancellation.timedOut() else { return }
                // The end of the wait has a reply of its own, unless the store or the provider delays it.
                handler.value.stopAnswering()
                deadline.value = eventLoop.scheduleTask(in: TimeAmount(endOfWait), timeOut)
            }
        }
        // Unstructured task: it is cancelled with the connection if it is repeatable, and a refresh that has begun
        // goes on.
        let task = Task {
            let answer = await router.answer(request, identity, deferred, replyDeadline)
            eventLoop.execute {
                deadline.value?.cancel()
                guard !once.value else { return }
                once.value = true
                switch answer {
                case .reply(let reply): handler.value.send(reply, head, bound.value)
                case .stream(let reply): handler.value.stream(reply, head, bound.value)
                }
            }
        }
        answering = isRepeatable ? task : nil
        if isStopping, waitsForNewerToken { stopAnswering() }
    }

    /// Cancels the answer that is being worked on, for a client that no longer waits for it.
    func stopAnswering() {
        answering?.cancel()
        answering = nil
        cancellation?.gone()
        cancellation = nil
    }

    private static let timeout = Reply.problem(
        Problem(.timeout, "the answer takes too long", hint: "try again; a renewal that has begun continues")
    )

    func send(_ reply: Reply, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        count(reply.code, at: now)
        guard context.channel.isActive else { return }
        isLast = !head.isKeepAlive || isInputClosed || isStopping
        var headers = responseHeaders(reply.contentType, for: head)
        if reply.status == 304 {
            // Neither is of this reply, which has no content.
            headers.remove(name: "content-type")
        } else {
            headers.add(name: "content-length", value: "\(reply.body.count)")
        }
        for (name, value) in reply.fields { headers.add(name: name, value: value) }
        let status = HTTPResponseStatus(statusCode: reply.status)
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD {
            var buffer = context.channel.allocator.buffer(capacity: reply.body.count)
            buffer.writeBytes(reply.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        finish(context, at: now)
        connection.logger.debug(
            "answered",
            metadata: ["method": "\(head.method)", "path": "\(path(of: head))", "status": "\(reply.status)"]
        )
    }

    /// Counts a reply. An incomplete or unreadable request has neither a route nor a duration.
    func count(_ code: Problem.Code?, at now: NIODeadline) {
        connection.metrics.answered(
            measurement?.route, code, isAtOnce: measurement?.isAtOnce ?? false,
            // A wait is as long as the client wants.
            nanoseconds: waitsForNewerToken ? nil : measurement.map { (now - $0.at).nanoseconds }
        )
        measurement = nil
    }

    /// Ends a reply and lets in the next request.
    func finish(_ context: ChannelHandlerContext, at now: NIODeadline) {
        answering = nil
        cancellation = nil
        waitsForNewerToken = false
        beginNext()
        connection.unsent += 1
        connection.timer.enter(.sending, at: now)
        let (isLast, bound) = (isLast, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            let (handler, context) = bound.value
            handler.sent(isLast: isLast, context)
        }
    }

    private func sent(isLast: Bool, _ context: ChannelHandlerContext) {
        connection.unsent -= 1
        if isLast || (isInputClosed && head == nil && connection.unsent == 0) { return context.close(promise: nil) }
        if isWaiting {
            guard connection.unsent == 0 else { return }
            // Not at once: thousands of pipelined requests must not recurse thousands of calls deep.
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            return context.eventLoop.execute {
                let (handler, context) = bound.value
                if context.channel.isActive, handler.isWaiting { handler.answerRequest(context) }
            }
        }
        // The next request may already be under way or answered.
        guard connection.timer.phase == .sending else { return }
        connection.timer.enter(connection.unsent > 0 ? .sending : head == nil ? .idle : .receiving)
    }

    func responseHeaders(_ contentType: String, for head: HTTPRequestHead) -> HTTPHeaders {
        var headers = HTTPHeaders([("content-type", contentType), ("cache-control", "no-store")])
        if isLast {
            headers.add(name: "connection", value: "close")
        } else if head.version == .http1_0 {
            // RFC 9112 §C.2.2: otherwise the client waits for the end of the connection.
            headers.add(name: "connection", value: "keep-alive")
        }
        return headers
    }

    /// Returns the path for the log, never the client's own text: it may hold a misplaced token.
    private func path(of head: HTTPRequestHead) -> String {
        (try? RequestTarget(head.uri, method: head.method.rawValue)).flatMap { Route(path: $0.path) }?.path ?? "unknown"
    }
}

/// The metrics data of a complete request that waits for its reply.
struct RequestMeasurement {
    var route: Resource?
    var at: NIODeadline
    /// Whether the request was answered without waiting.
    var isAtOnce: Bool
}
