internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Policy

/// The state that the handlers of one connection share. Used on the event loop only.
final class Connection {
    let router: Router
    let metrics: ServerMetrics
    let identity: any CallerIdentity
    let limits: ServerLimits
    let logger: Logger
    let timer: ConnectionTimer
    /// Shared by all connections.
    let known: KnownRequests

    /// Whether the next byte certainly begins a request. Never true again once it is false.
    var isBetweenRequests = true
    /// The bytes just received, if they may be one whole request.
    var received: ByteBuffer?
    /// The number of replies written by the HTTP handlers that the kernel has not taken yet.
    var unsent = 0 { didSet { if unsent == 0 { allSent() } } }
    /// Called when `unsent` becomes 0.
    var allSent: () -> Void = {}
    /// The decision about a known request whose answer takes waiting.
    var deferred: Router.AtOnce?

    init(
        router: Router, metrics: ServerMetrics, identity: any CallerIdentity, limits: ServerLimits, logger: Logger,
        known: KnownRequests, eventLoop: any EventLoop
    ) {
        self.router = router
        self.metrics = metrics
        self.identity = identity
        self.limits = limits
        self.logger = logger
        self.known = known
        timer = ConnectionTimer(limits, eventLoop: eventLoop)
    }

    func takeDeferred() -> Router.AtOnce? {
        defer { deferred = nil }
        return deferred
    }

    /// Adds the HTTP handlers. Called with the first bytes only: they are most of a connection's cost.
    func addHTTP(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        // Stop reading from a client that does not read its replies, or they would accumulate here.
        try pipeline.addHandler(BackPressureHandler())
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: true, withErrorHandling: false, withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: decoderLimits
        )
        try pipeline.addHandler(RequestHandler(self))
    }

    /// Without these limits, the decoder collects up to 2 MiB before the head's size is checked.
    private var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = limits.requestHead
        decoder.maxHeaderListSize = limits.requestHead
        return decoder
    }

    /// Remembers a request that was answered at once, so that the same bytes need no parsing next time.
    func learn(_ request: APIRequest, _ head: HTTPRequestHead) {
        guard let received, head.method == .GET, head.version == .http1_1, head.isKeepAlive,
            // Do not keep other fields: they may hold a secret.
            head.headers.allSatisfy({ Self.plainFields.contains($0.name.lowercased()) }),
            let ask = try? router.tokenAsk(request)
        else { return }
        known.remember(received, of: identity.connected.user, as: ask)
    }

    private static let plainFields: Set<String> = ["accept", "accept-encoding", "connection", "host", "user-agent"]
}
