internal import AgentAPI
internal import Glibc
public import Logging
public import Metrics
internal import NIOCore
internal import NIOPosix
internal import Policy
public import ServiceLifecycle
internal import System

/// The server of the socket API (HTTP/1.1 and JSON).
///
/// It uses two threads: `FastLane` accepts connections and answers plain token requests, SwiftNIO does the rest. Slow
/// work is awaited in tasks elsewhere.
public struct AgentServer: Service {
    private let listeners: [Int32]
    private let replacements: AsyncStream<Int32>
    private let sharesListeners: Bool
    private let router: Router
    private let metrics: ServerMetrics
    private let access: Access
    private let limits: ServerLimits
    private let logger: Logger

    /// Takes ownership of descriptors that are bound and listening. A later one from `replacements` replaces those
    /// before it; their connections stay open. `sharesListeners`: whether another process listens at the same sockets and
    /// serves who connects during a stop, as systemd does by its next start of the agent.
    public init(
        listeners: [Int32], replacements: AsyncStream<Int32> = AsyncStream { $0.finish() },
        sharesListeners: Bool = false,
        service: any AgentService, access: Access, metrics sources: [any MetricSource] = [],
        limits: ServerLimits = ServerLimits(), logger: Logger
    ) {
        self.listeners = listeners
        self.replacements = replacements
        self.sharesListeners = sharesListeners
        let gate = AccessGate(access: access) { service.report($0) }
        access.approvals.connect(report: { service.report($0) }, program: { await service.confirm($0) })
        metrics = ServerMetrics()
        router = Router(service: service, gate: gate, sources: [metrics] + sources)
        self.access = access
        self.limits = limits
        self.logger = logger
    }

    /// Serves until the service group shuts down, then returns after the requests in progress are answered.
    public func run() async throws {
        let rules = access.rules
        let registry = ConnectionRegistry(
            ConnectionCaps(descriptors: DescriptorLimit.raise(), limits), limits, owner: { rules.current.owner },
            accountable: access.accountable)
        let admission = ConnectionAdmission(
            access: access, gate: router.gate, registry: registry, metrics: metrics, limits: limits, logger: logger)
        let lane = try FastLane(sharesListeners: sharesListeners)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        rules.whenChanged { [approvals = access.approvals] in
            approvals.drop(.rulesChanged)
            registry.rulesHaveChanged()
            lane.rulesHaveChanged()
        }
        router.unreadReplies.whenDropped {
            registry.dropUnreadReplies()
            lane.dropUnreadReplies()
        }
        try lane.start(admission, router) { adopt($0, on: group.next(), admission, lane) }
        lane.listen(at: listeners)
        await cancelWhenGracefulShutdown { for await listener in replacements { lane.listen(at: [listener]) } }
        try? await gracefulShutdown()
        access.approvals.drop(.agentStops)
        // First the lane, so that what has connected is still admitted.
        await lane.stop(within: TimeAmount(limits.writeTime))
        registry.beginStop()
        async let lastReplies: Void = lane.end()
        await registry.finishStop(on: group.next(), within: TimeAmount(limits.answerTime))
        await lastReplies
        try await group.shutdownGracefully()
    }

    /// Serves a connection from the lane with HTTP, from the first byte of a request.
    private func adopt(
        _ transferred: TransferredConnection, on eventLoop: any EventLoop, _ admission: ConnectionAdmission,
        _ lane: FastLane
    ) {
        eventLoop.execute {
            let connection = Connection(
                transferred, router: router, metrics: metrics, limits: limits, logger: logger, lane: lane,
                eventLoop: eventLoop
            )
            let bound = NIOLoopBound(connection, eventLoop: eventLoop)
            ClientBootstrap(group: eventLoop)
                .channelInitializer { channel in
                    bound.value.hasChannel = true
                    admission.registry.add(channel)
                    // The rules may have changed on its way.
                    guard router.gate.mayConnect(transferred.identity) else {
                        channel.closeFuture.whenComplete { _ in admission.ended(transferred.place) }
                        return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
                    }
                    channel.closeFuture.whenComplete { _ in
                        if !bound.value.isReturned { admission.ended(transferred.place) }
                    }
                    return channel.eventLoop.makeCompletedFuture {
                        let options = channel.syncOptions
                        try options?.setOption(.allowRemoteHalfClosure, value: true)
                        // What a client sends ahead stays with the kernel: read and parsed, it would cost a hundred times
                        // its size, and the time of others.
                        try options?.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1024))
                        try options?.setOption(.maxMessagesPerRead, value: 1)
                        try bound.value.addHandlers(to: channel)
                    }
                }
                .withConnectedSocket(transferred.socket)
                .whenFailure { _ in
                    // Closing a channel closes its socket.
                    guard !bound.value.hasChannel else { return }
                    _ = close(transferred.socket)
                    admission.ended(transferred.place)
                }
        }
    }
}
