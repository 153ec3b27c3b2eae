internal import AgentAPI
internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Policy
internal import SecretMemory

/// The HTTP handler of one connection: collects a request, gets its answer, sends the reply. One request at a time;
/// pipelined requests wait in `HTTPServerPipelineHandler`.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    let connection: Connection
    /// The head of the request that is being received or answered.
    var head: HTTPRequestHead?
    private var body = WipedBytes()
    /// Set with the connection's last reply; further input is dropped.
    var isLast = false
    /// Whether the client has closed its sending side. It may still wait for replies, as `nc -N` does.
    var isInputClosed = false
    /// The request that is being answered, for the metrics.
    var measurement: RequestMeasurement?
    /// A complete request waits until the client has read the replies before it. Otherwise one that sends requests and
    /// reads nothing would fill the agent's memory with replies.
    var isWaiting = false
    var streaming: Streaming?
    /// The work on an answer that ends with the connection.
    var answering: Task<Void, Never>?
    /// Tells a request that waits for a confirmation that its client has left.
    var cancellation: RequestCancellation?
    /// Whether that work is a wait for a newer token, which may end at any time.
    var waitsForNewerToken = false
    private(set) var isStopping = false

    init(_ connection: Connection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isLast else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let part): append(part, context)
        case .end: end(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.head = head
        body = WipedBytes()
        // A pipelined request has its own time limit.
        if connection.timer.phase != .receiving { connection.timer.enter(.receiving) }
        let size = head.headers.reduce(head.uri.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        if size > connection.limits.requestHead { return reject(headTooLarge, 431, context) }
        if let problem = RequestFraming.problem(of: head) { return reject(problem, nil, context) }
        if let problem = RequestOrigin.problem(of: head) {
            connection.router.gate.refuse(problem, connection.identity)
            return reject(problem, nil, context)
        }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }),
            length > connection.limits.requestBody
        {
            return reject(bodyTooLarge, nil, context)
        }
        switch RequestFraming.expectation(of: head) {
        case .none: break
        case .unknown: return reject(Self.expectationUnknown, 417, context)
        case .toGoOn:
            context.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
        }
        // The bytes after an upgrade request may not be HTTP: answer in HTTP/1.1 and close.
        if head.method == .CONNECT || head.headers.contains(name: "upgrade") {
            self.head?.headers.replaceOrAdd(name: "connection", value: "close")
        }
    }

    private func append(_ part: ByteBuffer, _ context: ChannelHandlerContext) {
        guard body.count + part.readableBytes <= connection.limits.requestBody else {
            return reject(bodyTooLarge, nil, context)
        }
        body.append(contentsOf: part.readableBytesView)
        Self.wipe(part)
    }

    /// Clears received bytes, which may hold a passphrase or a token: the connection reuses the buffer. The bytes are
    /// shared with that buffer, and the parser has consumed them.
    private static func wipe(_ part: ByteBuffer) {
        part.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            explicit_bzero(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        guard connection.unsent == 0 else {
            isWaiting = true
            // The limit is that of the client's reading.
            return connection.timer.enter(.sending)
        }
        answerRequest(context)
    }

    /// Answers the request that is complete.
    func answerRequest(_ context: ChannelHandlerContext) {
        isWaiting = false
        guard let head else { return }
        let request: APIRequest
        do throws(Problem) { request = try APIRequest(head, body: body) } catch {
            return send(.problem(error), head, context)
        }
        answer(request, head, context)
    }

    /// Answers before the request is complete, and closes the connection after the reply.
    private func reject(_ problem: Problem, _ status: Int?, _ context: ChannelHandlerContext) {
        guard var head else { return }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        send(.problem(problem, status: status), head, context)
    }

    private static let expectationUnknown = Problem(
        .badRequest, "only the expectation '100-continue' is supported", hint: "remove the field Expect"
    )

    private var headTooLarge: Problem {
        Problem(
            .tooLarge, "the request head is larger than \(connection.limits.requestHead) bytes",
            hint: "see authagent-api(7)")
    }

    private var bodyTooLarge: Problem {
        Problem(
            .tooLarge, "the body is larger than \(connection.limits.requestBody) bytes", hint: "see authagent-api(7)")
    }

    /// Resets the state for the next request.
    func beginNext() {
        head = nil
        body = WipedBytes()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endStream()
        stopAnswering()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            isInputClosed = true
            if head == nil, connection.unsent == 0 { context.close(promise: nil) }
        case is EndOfWatching:
            isStopping = true
            streaming?.task.cancel()
            if waitsForNewerToken { stopAnswering() }
        // Its client can ask again, and the reply may hold a token.
        case is DropUnreadReplies: if connection.unsent > 0 { context.close(promise: nil) }
        case is RulesHaveChanged:
            // The old rules allowed this stream; a caller that the new ones allow can open it again.
            if !connection.router.gate.mayConnect(connection.identity)
                || (streaming != nil && !connection.router.gate.isOwn(connection.identity))
            {
                context.close(promise: nil)
            } else if waitsForNewerToken {
                // The next request is decided by the new rules.
                stopAnswering()
            }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Answers bytes that are not HTTP with 400 and closes the connection.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        // The reply in progress already ends the connection.
        guard !isLast else { return }
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        head.headers.add(name: "connection", value: "close")
        let isTooLarge = error == .headerOverflow
        let problem = Problem(.badRequest, "the input is not an HTTP/1.1 request", hint: "see authagent-api(7)")
        send(.problem(isTooLarge ? headTooLarge : problem, status: isTooLarge ? 431 : nil), head, context)
    }
}
