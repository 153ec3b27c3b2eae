import AgentServer
import AuthagentClient
import Foundation
import Logging
import Metrics
import Policy
import ServiceLifecycle
import System
import TestSupport
import Testing

/// The real server on a real socket, with a fake agent that the test controls.
struct ServerFixture: Sendable {
    let service = FakeAgentService()
    let files: TemporaryDirectory
    let socket: SocketPath
    let lane = LaneLog()
    /// Takes listening sockets that replace the current one.
    let replacements: AsyncStream<Int32>.Continuation
    private let group: ServiceGroup

    /// The server's limits, with times long enough for a busy machine.
    private static let patient: ServerLimits = {
        var limits = ServerLimits()
        limits.requestTime = .seconds(120)
        limits.answerTime = .seconds(600)
        limits.endOfWaitTime = .seconds(600)
        return limits
    }()

    /// Serves while `body` runs, then stops as the daemon does and waits for the end.
    static func serving(
        _ limits: ServerLimits = patient, access: Access = Access(rules: CurrentRules(AccessRules(owner: getuid()))),
        metrics: [any MetricSource] = [], _ body: (ServerFixture) async throws -> Void
    ) async throws {
        let fixture = try ServerFixture(limits, access, metrics)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await fixture.group.run() }
            let outcome = await Result { try await body(fixture) }
            // Requests that still wait would delay the stop.
            fixture.service.refresh.open()
            await fixture.group.triggerGracefulShutdown()
            try await group.waitForAll()
            try outcome.get()
        }
    }

    private init(_ limits: ServerLimits, _ access: Access, _ metrics: [any MetricSource]) throws {
        files = try TemporaryDirectory()
        socket = try SocketPath(files.path + "/run/agent.sock")
        let listener = try LocalSocket.listen(at: socket.text).consumeRaw()
        let later: AsyncStream<Int32>
        (later, replacements) = AsyncStream.makeStream(of: Int32.self)
        let logger = lane.logger
        let server = AgentServer(
            listeners: [listener], replacements: later, service: service, access: access, metrics: metrics,
            limits: limits, logger: logger
        )
        group = ServiceGroup(services: [server], logger: logger)
    }

    func client() throws -> RawClient { try RawClient(socket.text) }

    /// Begins the server's shutdown without waiting for its end.
    func beginShutdown() async { await group.triggerGracefulShutdown() }

    /// Sends one request on a connection of its own.
    func exchange(_ request: Request) async throws -> HTTPReply {
        let client = try client()
        // A server that refused the connection may have closed it by now; its reply is still readable.
        _ = try await client.sendUntilClosed(Array(request.text.utf8))
        return try await client.reply(to: request.method)
    }
}

extension Result where Failure == any Error {
    /// Like `init(catching:)`, for async functions.
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
