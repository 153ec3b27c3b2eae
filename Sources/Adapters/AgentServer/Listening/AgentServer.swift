internal import AgentAPI
internal import Glibc
public import Logging
public import Metrics
internal import NIOCore
internal import NIOPosix
internal import Policy
public import ServiceLifecycle

/// The server of the socket API (HTTP/1.1 and JSON).
///
/// It uses one thread: a cached token is a dictionary look-up, and slow work is awaited in tasks elsewhere.
public struct AgentServer: Service {
    private let listeners: [Int32]
    private let replacements: AsyncStream<Int32>
    private let router: Router
    private let metrics: ServerMetrics
    private let access: Access
    private let limits: ServerLimits
    private let logger: Logger

    /// Takes ownership of descriptors that are bound and listening. A later one from `replacements` replaces those
    /// before it; their connections stay open.
    public init(
        listeners: [Int32], replacements: AsyncStream<Int32> = AsyncStream { $0.finish() },
        service: any AgentService, access: Access, metrics sources: [any MetricSource] = [],
        limits: ServerLimits = ServerLimits(), logger: Logger
    ) {
        self.listeners = listeners
        self.replacements = replacements
        let gate = AccessGate(access: access) { service.report($0) }
        metrics = ServerMetrics()
        router = Router(service: service, gate: gate, sources: [metrics] + sources)
        self.access = access
        self.limits = limits
        self.logger = logger
    }

    /// Serves until the service group shuts down, then returns after the requests in progress are answered.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let rules = access.rules
        let registry = ConnectionRegistry(
            ConnectionCaps(descriptors: Self.descriptorsAllowed(), limits), limits, owner: { rules.current.owner },
            accountable: access.accountable)
        access.rules.whenChanged { registry.rulesHaveChanged() }
        let known = NIOLoopBoundBox.makeBoxSendingValue(KnownRequests(), eventLoop: group.next())
        var first: [any Channel] = []
        for listener in listeners { first.append(try await open(listener, on: group, registry, known)) }
        let channels = await cancelWhenGracefulShutdown { [first] in
            var channels = first
            for await listener in replacements {
                do {
                    let new = try await open(listener, on: group, registry, known)
                    for channel in channels { try? await channel.close() }
                    channels = [new]
                } catch {
                    logger.error("cannot serve the new socket", metadata: ["problem": "\(error)"])
                }
            }
            return channels
        }
        try? await gracefulShutdown()
        for channel in channels { try? await channel.close() }
        await registry.stop(on: group.next(), within: TimeAmount(limits.answerTime))
        try await group.shutdownGracefully()
    }

    private func open(
        _ listener: Int32, on group: MultiThreadedEventLoopGroup, _ registry: ConnectionRegistry,
        _ known: NIOLoopBoundBox<KnownRequests>
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // SwiftNIO has called listen(2) with 128, whatever the option `backlog` says.
                    _ = listen(listener, limits.backlog)
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelInitializer { channel in
                // Set here because the bootstrap allocates a future for each child option.
                try? channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
                return admit(channel, registry, known)
            }
            .withBoundSocket(listener).get()
    }

    /// Raises the soft limit of descriptors to the hard limit and returns it. The usual 1,024 is below the cap on
    /// connections; it is that low for the sake of select(2), which the agent does not use (getrlimit(2)).
    private static func descriptorsAllowed() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Admits or refuses a connection by its peer, before any byte of a request is read.
    private func admit(
        _ channel: any Channel, _ registry: ConnectionRegistry, _ known: NIOLoopBoundBox<KnownRequests>
    ) -> EventLoopFuture<Void> {
        let found: (any CallerIdentity)?
        do {
            // Over the refusal limit: read the uid only, skip /proc.
            let look = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self
            ) { try isUnwelcome($0, registry) ? nil : access.peer($0) }
            guard let identity = look else {
                return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
            }
            found = identity
        } catch { return channel.eventLoop.makeFailedFuture(error) }
        guard let identity = found else {
            metrics.connected(.forbidden)
            return channel.close()
        }
        if let problem = router.gate.refusal(of: identity) {
            metrics.connected(.forbidden)
            return refuse(channel, problem, registry, identity)
        }
        switch registry.admit(channel, of: identity.connected.user) {
        case .stopping: return channel.close()
        case .tooMany(let cap, let isNews):
            metrics.connected(.tooMany)
            if isNews {
                logger.warning(
                    "connections are refused: limit reached for \(cap.rawValue)",
                    metadata: ["uid": "\(identity.connected.user)"])
            }
            let problem = Problem(.tooManyRequests, "too many connections", hint: "close unused connections")
            return refuse(channel, problem, registry, identity)
        case .admitted:
            metrics.connected(.admitted)
            channel.closeFuture.whenComplete { _ in metrics.disconnected() }
            return channel.eventLoop.makeCompletedFuture { try addHandlers(to: channel, identity, known.value) }
        }
    }

    /// Whether the user is over the refusal limit and no rule admits the connection by uid and gid alone.
    /// Counts such a connection in the audit.
    private func isUnwelcome(_ socket: Int32, _ registry: ConnectionRegistry) throws -> Bool {
        guard registry.hasRefused else { return false }
        let caller = try access.credentials(socket)
        let rules = access.rules.current
        let person = rules.counted(caller.user)
        guard registry.hasTooManyRefused(of: person), !rules.mayConnect(caller) else { return false }
        access.audit.suppress(caller.user, countedAs: person)
        return true
    }

    private func refuse(
        _ channel: any Channel, _ problem: Problem, _ registry: ConnectionRegistry, _ identity: any CallerIdentity
    ) -> EventLoopFuture<Void> {
        let person = access.rules.current.counted(identity.connected.user)
        guard registry.admitRefused(channel, of: person) else { return channel.close() }
        // Written after the channel is registered. Nothing is read from this connection.
        return channel.setOption(ChannelOptions.autoRead, value: false).map {
            channel.eventLoop.execute {
                channel.writeAndFlush(Reply.problem(problem).bytes(channel.allocator, closes: true)).whenComplete { _ in
                    // Close the sending side first: a client may treat a connection closed at once as a failed connect.
                    guard channel.isActive else { return }
                    channel.close(mode: .output, promise: nil)
                    channel.eventLoop.scheduleTask(in: TimeAmount(limits.refusalTime)) { channel.close(promise: nil) }
                }
            }
        }
    }

    private func addHandlers(
        to channel: any Channel, _ identity: any CallerIdentity, _ known: KnownRequests
    ) throws {
        let connection = Connection(
            router: router, metrics: metrics, identity: identity, limits: limits, logger: logger, known: known,
            eventLoop: channel.eventLoop
        )
        try channel.pipeline.syncOperations.addHandler(ConnectionGuard(connection))
    }
}
