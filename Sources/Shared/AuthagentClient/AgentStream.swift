internal import Synchronization

/// Events of the agent as they come. Read them with one `for try await`; the connection ends with the stream, and with
/// the cancellation of the task that reads it.
public struct AgentStream<Event: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = AgentClientError

    private let read: @Sendable (Call<Event?>) throws(AgentClientError) -> Event?

    init<Reader: EventReader>(_ connection: AgentConnection, _: Reader.Type) where Reader.Event == Event {
        let socket = connection.socket
        // Held while the next event is waited for: two that read at once take turns.
        let events = Mutex(EventStream<Reader>(connection))
        read = { call throws(AgentClientError) in
            try call.wait(for: socket)
            return try events.withLock { events throws(AgentClientError) in try events.next() }
        }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(read: read) }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        let read: @Sendable (Call<Event?>) throws(AgentClientError) -> Event?

        /// Nil after the last event.
        public func next() async throws(AgentClientError) -> Event? { try await Call<Event?>().perform(read) }
    }
}
