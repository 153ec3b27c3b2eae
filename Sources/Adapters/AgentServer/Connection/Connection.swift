internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Policy

/// The state that the handlers of one connection share. Used on the event loop only.
final class Connection {
    let router: Router
    let metrics: ServerMetrics
    let identity: any CallerIdentity
    let place: ConnectionPlace
    let limits: ServerLimits
    let logger: Logger
    let lane: FastLane
    let timer: ConnectionTimer

    /// Whether the socket belongs to a channel, which closes it.
    var hasChannel = false
    /// Whether the lane has it again, and with it the place in the caps.
    var isReturned = false
    /// The number of replies written that the kernel has not taken yet.
    var unsent = 0 { didSet { if unsent == 0 { allSent() } } }
    /// Called when `unsent` becomes 0.
    var allSent: () -> Void = {}

    init(
        _ transferred: TransferredConnection, router: Router, metrics: ServerMetrics, limits: ServerLimits,
        logger: Logger, lane: FastLane, eventLoop: any EventLoop
    ) {
        self.router = router
        self.metrics = metrics
        identity = transferred.identity
        place = transferred.place
        self.limits = limits
        self.logger = logger
        self.lane = lane
        timer = ConnectionTimer(limits, eventLoop: eventLoop)
    }

    func addHandlers(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ConnectionHandler(self))
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
}
