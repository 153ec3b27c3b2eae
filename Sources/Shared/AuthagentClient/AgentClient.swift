internal import AgentAPI
internal import Synchronization

/// The agent as asynchronous calls: one for each thing that its socket can be asked.
///
/// Does not start an agent: where nobody listens, calls throw `notListening`. Sendable and cheap to share; calls of
/// several tasks go over several connections, which are kept for the next. Cancelling a task ends its call at once and
/// closes its connection.
public final class AgentClient: Sendable {
    public let path: SocketPath
    private let kept = Mutex<[AgentConnection]>([])
    /// A program that has asked for many tokens at once need not keep as many descriptors.
    private static let mostKept = 8

    /// Of the agent at `path`, else at the place that this process's environment names.
    public init(_ path: SocketPath? = nil) throws(AgentClientError) {
        self.path = if let path { path } else { try SocketPath.resolve() }
    }

    /// Asks on a kept connection or on a new one.
    func ask<Reply: Decodable>(_ request: Request<Reply>) async throws(AgentClientError) -> Reply {
        try await Call<Reply>().perform { [self] call throws(AgentClientError) in try exchange(request, call) }
    }

    /// Opens a connection for a stream of events.
    func stream<Reader: EventReader>(
        _ request: Request<Reader.Event>, _ reader: Reader.Type
    ) async throws(AgentClientError) -> AgentStream<Reader.Event> {
        let path = path
        let connection = try await Call<AgentConnection>().perform { call throws(AgentClientError) in
            let connection = try AgentConnection(to: path)
            try call.wait(for: connection.socket)
            try connection.begin(request)
            return connection
        }
        return AgentStream(connection, reader)
    }

    private func exchange<Reply: Decodable>(
        _ request: Request<Reply>, _ call: Call<Reply>
    ) throws(AgentClientError) -> Reply {
        let deadline = Deadline(request.limit)
        if request.isRepeatable, let connection = takeKept() {
            do throws(AgentClientError) { return try exchange(request, on: connection, call, deadline) } catch .lost
                where !call.isCancelled
            {
                // The agent has closed it, or was started anew: a new connection tells.
            }
        }
        return try exchange(request, on: try AgentConnection(to: path), call, deadline)
    }

    private func exchange<Reply: Decodable>(
        _ request: Request<Reply>, on connection: AgentConnection, _ call: Call<Reply>, _ deadline: Deadline
    ) throws(AgentClientError) -> Reply {
        try call.wait(for: connection.socket)
        do throws(AgentClientError) {
            let reply = try connection.ask(request, deadline)
            keep(connection)
            return reply
        } catch {
            if case .problem = error { keep(connection) }
            throw error
        }
    }

    private func takeKept() -> AgentConnection? {
        while let connection = kept.withLock({ $0.popLast() }) {
            if connection.isReusable { return connection }
        }
        return nil
    }

    private func keep(_ connection: AgentConnection) {
        guard connection.isReusable else { return }
        kept.withLock { if $0.count < Self.mostKept { $0.append(connection) } }
    }
}
