internal import AgentAPI
internal import Glibc
public import Logging
public import Metrics
internal import NIOCore
internal import NIOPosix
internal import Policy
public import ServiceLifecycle

/// Serves the socket API (HTTP/1.1 and JSON) until it is told to stop.
///
/// One thread does it all: a cached token is a dictionary look-up, and everything slow is awaited elsewhere.
public struct AgentServer: Service {
    private let listeners: [Int32]
    private let replacements: AsyncStream<Int32>
    private let router: Router
    private let metrics: ServerMetrics
    private let access: Access
    private let limits: ServerLimits
    private let logger: Logger

    /// Takes over descriptors that are bound and listening. One that comes from `replacements` later takes the place of
    /// those before it; connections that were made over them go on.
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

    /// Ends after the requests under way are answered, once the service group shuts down.
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
                    // SwiftNIO has just called it with 128, whatever the option `backlog` says.
                    _ = listen(listener, limits.backlog)
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelInitializer { channel in
                // Not as an option of the bootstrap, which has a future for each and for their end.
                try? channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
                return admit(channel, registry, known)
            }
            .withBoundSocket(listener).get()
    }

    /// The usual limit of 1,024 descriptors is below the cap on connections; what root allows is enough for it. It is
    /// low by default for the sake of select(2), which nothing here uses (setrlimit(2)). Returns how many there may be.
    private static func descriptorsAllowed() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Asks the kernel who connected, before anything of the request is read.
    private func admit(
        _ channel: any Channel, _ registry: ConnectionRegistry, _ known: NIOLoopBoundBox<KnownRequests>
    ) -> EventLoopFuture<Void> {
        let found: (any CallerIdentity)?
        do {
            // Looks at nobody who is one too many, apart from his user.
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
                    "connections are refused: there are too many of \(cap.rawValue)",
                    metadata: ["uid": "\(identity.connected.user)"])
            }
            let problem = Problem(.tooManyRequests, "too many connections", hint: "close some")
            return refuse(channel, problem, registry, identity)
        case .admitted:
            metrics.connected(.admitted)
            channel.closeFuture.whenComplete { _ in metrics.disconnected() }
            return channel.eventLoop.makeCompletedFuture { try addHandlers(to: channel, identity, known.value) }
        }
    }

    /// Whether this is one of many connections of a user to whom his user and group alone give nothing.
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
        // Once it is registered, so that the reply can be written; nothing reads from this connection.
        return channel.setOption(ChannelOptions.autoRead, value: false).map {
            channel.eventLoop.execute {
                channel.writeAndFlush(Reply.problem(problem).bytes(channel.allocator, closes: true)).whenComplete { _ in
                    // To a client that is about to look at its new connection, one that is closed already is none.
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
