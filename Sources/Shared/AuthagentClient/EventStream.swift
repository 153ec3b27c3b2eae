/// A stream of events on its own connection.
package final class EventStream<Reader: EventReader> {
    private let connection: AgentConnection
    private var reader = Reader()

    package init(_ connection: AgentConnection) { self.connection = connection }

    /// Waits for the next event; `nil` at the end of the stream. Throws `cancelled` if the descriptor `alarm` becomes
    /// readable first; the next call then returns the event.
    package func next(alarm: Int32? = nil) throws(AgentClientError) -> Reader.Event? {
        while true {
            if let event = try reader.next() { return event }
            guard let chunk = try connection.readChunk(nil, alarm: alarm) else { return nil }
            try reader.append(chunk)
        }
    }
}
