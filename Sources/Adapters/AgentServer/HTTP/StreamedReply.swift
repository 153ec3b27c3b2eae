internal import AgentAPI
internal import Policy

/// A reply whose parts come as things happen, until the stream ends or the client leaves.
struct StreamedReply: Sendable {
    let contentType: String
    /// Sent at once.
    var opening: [UInt8] = []
    /// What is sent when nothing else was for `ServerLimits.silence`; nil: nothing is.
    var sign: [UInt8]?
    /// Those of its caller that the decision to send it rested on.
    var facts: CallerFacts = []
    /// Hands over each part, and returns after the last.
    let forEach: @Sendable (_ send: @Sendable ([UInt8]) -> Void) async -> Void

    init<Event: Sendable>(
        _ contentType: String, _ events: AsyncStream<Event>, _ encode: @escaping @Sendable (Event) -> [UInt8]?
    ) {
        self.contentType = contentType
        forEach = { send in
            for await event in events { if let part = encode(event) { send(part) } }
        }
    }

    /// NDJSON: one line for each event.
    static func lines(_ events: AsyncStream<LoginEvent>) -> StreamedReply {
        StreamedReply(LoginEvent.mediaType, events) { APIJSON.encode(fixed: $0) + [UInt8(ascii: "\n")] }
    }

    /// Server-sent events (WHATWG HTML §9.2). An id alone is no event, but tells the client where it is: it can go on from
    /// there although nothing has happened yet.
    ///
    /// `seen` is what the watcher may see of an event; nil: nothing at all.
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

    /// The same without parts, for HEAD.
    static func head(_ contentType: String) -> StreamedReply {
        StreamedReply(contentType, AsyncStream { $0.finish() }) { (part: [UInt8]) in part }
    }
}
