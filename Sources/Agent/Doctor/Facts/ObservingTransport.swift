internal import OAuth
internal import Synchronization
internal import Vault

/// A transport with a deadline that records the date of the last reply.
final class ObservingTransport: HTTPTransport {
    struct Reply: Sendable {
        /// `nil` if the reply has no date.
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

    /// `nil` if there was no reply.
    var reply: Reply? { last.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        var request = request
        // End just before the caller's deadline, so that the request's own error is reported.
        request.timeLimit = max(deadline - time.now - .milliseconds(500), .milliseconds(1))
        let sent = time.wall
        let response = try await transport.send(request)
        let clock = ClockFacts(response, sent: sent, received: time.wall)
        last.withLock { $0 = Reply(clock: clock) }
        return response
    }
}
