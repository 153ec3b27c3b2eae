internal import OAuth
internal import Synchronization
internal import Vault

/// Passes requests on, each with what is left of the time, and remembers the last reply's date.
final class ObservingTransport: HTTPTransport {
    struct Reply: Sendable {
        /// Nil: the reply has no date.
        var clock: ClockFacts?
    }

    private let transport: any HTTPTransport
    private let time: any Time
    private let deadline: ContinuousClock.Instant
    private let last = Mutex<Reply?>(nil)

    init(_ transport: any HTTPTransport, time: any Time, deadline: ContinuousClock.Instant) {
        self.transport = transport
        self.time = time
        self.deadline = deadline
    }

    /// Nil: nothing came.
    var reply: Reply? { last.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        var request = request
        // A little earlier than whoever waits gives up, so that the reason is known.
        request.timeLimit = max(deadline - time.now - .milliseconds(500), .milliseconds(1))
        let sent = time.wall
        let response = try await transport.send(request)
        let clock = ClockFacts(response, sent: sent, received: time.wall)
        last.withLock { $0 = Reply(clock: clock) }
        return response
    }
}
