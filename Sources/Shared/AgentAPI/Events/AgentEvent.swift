/// One event of `GET /v1/events` (server-sent events, WHATWG HTML §9.2). It never holds a token.
public struct AgentEvent: Equatable, Sendable {
    public var id: EventID
    /// Seconds since 1970.
    public var time: Int
    public var news: AgentNews

    public init(id: EventID, time: Int, news: AgentNews) {
        self.id = id
        self.time = time
        self.news = news
    }

    public static let mediaType = "text/event-stream"
}

/// The members of `news` are encoded beside `id` and `time`.
extension AgentEvent: Codable {
    private enum CodingKeys: String, CodingKey { case id, time }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(EventID.self, forKey: .id)
        time = try container.decode(Int.self, forKey: .time)
        news = try AgentNews(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(time, forKey: .time)
        try news.encode(to: encoder)
    }
}

/// The events after the last one that a watcher has received, or after its arrival.
public struct EventWatch: Sendable {
    /// The id before the first of `events`.
    public let start: EventID
    /// Ends if the watcher is too far behind, and with the agent. The watcher can resume after its last event.
    public let events: AsyncStream<AgentEvent>

    public init(start: EventID, events: AsyncStream<AgentEvent>) {
        self.start = start
        self.events = events
    }
}
