import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP/1.1 server on a loopback port: collects each request and sends the closure's reply.
enum HTTPListener {
    typealias Respond = @Sendable (IssuerRequest) async -> IssuerReply

    static func bind(
        port: Int, on group: MultiThreadedEventLoopGroup, respond: @escaping Respond
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(respond))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let respond: Respond
        private var head: HTTPRequestHead?
        private var body = ""

        init(_ respond: @escaping Respond) { self.respond = respond }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, "")
            case .body(let part): body += String(buffer: part)
            case .end: if let head { answer(head, context) }
            }
        }

        private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
            let request = IssuerRequest(
                method: head.method.rawValue, uri: head.uri, headers: { head.headers.first(name: $0) }, body: body
            )
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let eventLoop = context.eventLoop
            let respond = respond
            // Unstructured task: it ends by itself when the client has closed the connection.
            Task {
                let reply = await respond(request)
                eventLoop.execute {
                    let (handler, context) = bound.value
                    handler.send(reply, head, context)
                }
            }
        }

        private func send(_ reply: IssuerReply, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
            guard !reply.isDropped else { return context.close(promise: nil) }
            var headers = HTTPHeaders(reply.headers.map { ($0.key, $0.value) })
            headers.replaceOrAdd(name: "content-length", value: "\(reply.body.utf8.count)")
            if !reply.contentType.isEmpty { headers.replaceOrAdd(name: "content-type", value: reply.contentType) }
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: reply.body)))), promise: nil)
            let keepsAlive = request.isKeepAlive
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
                if !keepsAlive { bound.value.close(promise: nil) }
            }
        }
    }
}
