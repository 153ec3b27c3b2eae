internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Policy

/// What the handlers of one connection share. Used on the event loop only.
final class Connection {
    let router: Router
    let metrics: ServerMetrics
    let identity: any CallerIdentity
    let limits: ServerLimits
    let logger: Logger
    let timer: ConnectionTimer
    /// Every connection's.
    let known: KnownRequests

    /// Whether the next byte begins a request. Once that is not certain, it stays so.
    var isBetweenRequests = true
    /// What has just been received, if it may be one whole request.
    var received: ByteBuffer?
    /// Replies that are not yet with the client, of those that HTTP writes.
    var unsent = 0 { didSet { if unsent == 0 { allSent() } } }
    /// Set by whoever waits for that.
    var allSent: () -> Void = {}
    /// What was decided of it already, if its answer takes waiting.
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

    /// Reads HTTP from here on. Not before there is something to read, because most of what a connection costs is this.
    func addHTTP(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        // A client that asks without reading is not read from, so that its replies do not pile up here.
        try pipeline.addHandler(BackPressureHandler())
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: true, withErrorHandling: false, withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: decoderLimits
        )
        try pipeline.addHandler(RequestHandler(self))
    }

    /// Otherwise a head is collected up to 2 MiB before its size is looked at.
    private var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = limits.requestHead
        decoder.maxHeaderListSize = limits.requestHead
        return decoder
    }

    /// A request that was answered at once, and can be without reading it when somebody sends the same bytes.
    func learn(_ request: APIRequest, _ head: HTTPRequestHead) {
        guard let received, head.method == .GET, head.version == .http1_1, head.isKeepAlive,
            // Nothing that may be a secret is kept.
            head.headers.allSatisfy({ Self.plainFields.contains($0.name.lowercased()) }),
            let ask = try? router.tokenAsk(request)
        else { return }
        known.remember(received, of: identity.connected.user, as: ask)
    }

    private static let plainFields: Set<String> = ["accept", "accept-encoding", "connection", "host", "user-agent"]
}
