internal import AgentAPI
internal import Policy

/// A reply whose parts are sent as they arrive, until the stream ends or the client disconnects.
struct StreamedReply: Sendable {
    let contentType: String
    /// Sent at once.
    var opening: [UInt8] = []
    /// The heartbeat after `ServerLimits.silence` without a part; `nil` if there is none.
    var sign: [UInt8]?
    /// The facts about the caller that the decision used.
    var facts: CallerFacts = []
    /// Calls `send` with each part, and returns after the last.
    let forEach: @Sendable (_ send: @Sendable ([UInt8]) -> Void) async -> Void

    init<Event: Sendable>(
        _ contentType: String, _ events: AsyncStream<Event>, _ encode: @escaping @Sendable (Event) -> [UInt8]?
    ) {
        self.contentType = contentType
        forEach = { send in
            for await event in events { if let part = encode(event) { send(part) } }
        }
    }

    /// Creates an NDJSON stream: one line for each event.
    static func lines(_ events: AsyncStream<LoginEvent>) -> StreamedReply {
        StreamedReply(LoginEvent.mediaType, events) { APIJSON.encode(fixed: $0) + [UInt8(ascii: "\n")] }
    }

    /// Creates a stream of server-sent events (WHATWG HTML §9.2). It opens with an id alone, which is not an event, so
    /// that a client can resume from there before the first event.
    ///
    /// `seen` returns the visible part of an event; `nil` if the watcher may not see it.
    static func serverSentEvents(
        _ watch: EventWatch, seen: @escaping @Sendable (AgentEvent) -> AgentEvent?
    ) -> StreamedReply {
        var reply = StreamedReply(AgentEvent.mediaType, watch.events) { event in
            guard let event = seen(event) else { return nil }
            let head = "id: \(event.id)\nevent: \(event.news.kind.rawValue)\ndata: "
            return Array(head.utf8) + APIJSON.encode(fixed: event) + Array("\n\n".utf8)
        }
        reply.opening = Array("id: \(watch.start)\n\n".utf8)
        reply.sign = Array(":\n\n".utf8)
        return reply
    }

    /// Creates a stream without parts, for HEAD.
    static func head(_ contentType: String) -> StreamedReply {
        StreamedReply(contentType, AsyncStream { $0.finish() }) { (part: [UInt8]) in part }
    }
}
