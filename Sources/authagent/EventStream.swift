internal import AgentAPI

/// The lines of a login's event stream (`application/x-ndjson`), as they come.
struct EventStream {
    private let connection: AgentConnection
    private let response: AgentConnection.Response
    private var pending: [UInt8] = []

    init(_ connection: AgentConnection, _ response: AgentConnection.Response) {
        self.connection = connection
        self.response = response
    }

    private static let longestLine = 256 * 1024

    /// Waits for the next event; nil at the end of the stream. Throws `SignalWatch.Arrived` when a signal comes first.
    mutating func next(watching signals: SignalWatch) throws -> LoginEvent? {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(pending[..<end])
                pending.removeFirst(end + 1)
                do { return try APIJSON.decode(LoginEvent.self, from: line) } catch {
                    throw Failure(
                        "the agent's event is not understood", hint: "'authagent stop' ends an agent that is too old",
                        code: .agentUnreachable
                    )
                }
            }
            guard pending.count <= Self.longestLine,
                let chunk = try connection.readChunk(nil, watching: signals)
            else { return nil }
            pending += chunk
        }
    }

    /// The problem that came instead of a stream.
    func problem() throws -> Problem {
        var response = response
        response.body = try connection.readBody(of: response, Deadline(.seconds(10)))
        return response.problem
    }
}
