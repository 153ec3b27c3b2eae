internal import Synchronization

/// A live sequence of agent events. Read it with one `for try await`; the connection closes when the stream ends or the
/// reading task is cancelled.
public struct AgentStream<Event: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = AgentClientError

    private let read: @Sendable (Call<Event?>) throws(AgentClientError) -> Event?

    init<Reader: EventReader>(_ connection: AgentConnection, _: Reader.Type) where Reader.Event == Event {
        let socket = connection.socket
        // Held while waiting for the next event: concurrent readers take turns.
        let events = Mutex(EventStream<Reader>(connection))
        read = { call throws(AgentClientError) in
            try call.wait(for: socket)
            return try events.withLock { events throws(AgentClientError) in try events.next() }
        }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(read: read) }

    public struct Iterator: AsyncIteratorProtocol, Sendable {
        let read: @Sendable (Call<Event?>) throws(AgentClientError) -> Event?

        /// `nil` after the last event.
        public func next() async throws(AgentClientError) -> Event? { try await Call<Event?>().perform(read) }
    }
}
