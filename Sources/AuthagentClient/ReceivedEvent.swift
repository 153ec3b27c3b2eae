public import AgentAPI

/// One of the agent's server-sent events (WHATWG HTML §9.2).
public struct ReceivedEvent: Equatable, Sendable {
    /// Give it to `events(after:)` to go on after this event. Absent in events that nobody can go on after.
    public var id: String?
    /// What happened, such as `refreshed`.
    public var name: String
    public var content: JSONContent

    public init(id: String?, name: String, content: JSONContent) {
        self.id = id
        self.name = name
        self.content = content
    }
}

/// Reads `text/event-stream`. Comments keep the connection alive and say nothing; a `retry` is for browsers.
package struct ReceivedEventReader: EventReader {
    package static let mediaType = "text/event-stream"
    private static let longestData = 256 * 1024

    private var lines = LineBuffer()
    private var id: String?
    private var name = ""
    private var data: [UInt8] = []

    package init() {}

    package mutating func append(_ bytes: [UInt8]) throws(AgentClientError) { try lines.append(bytes) }

    package mutating func next() throws(AgentClientError) -> ReceivedEvent? {
        while let line = lines.next() {
            guard !line.isEmpty else {
                // An event without data is none.
                guard !data.isEmpty else {
                    name = ""
                    continue
                }
                return try dispatch()
            }
            let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
            var value = line[colon...].dropFirst()
            if value.first == UInt8(ascii: " ") { value.removeFirst() }
            switch String(decoding: line[..<colon], as: UTF8.self) {
            case "id": id = String(decoding: value, as: UTF8.self)
            case "event": name = String(decoding: value, as: UTF8.self)
            case "data":
                data += data.isEmpty ? Array(value) : [10] + value
                guard data.count <= Self.longestData else { throw .notUnderstood }
            default: break
            }
        }
        return nil
    }

    private mutating func dispatch() throws(AgentClientError) -> ReceivedEvent {
        defer { (name, data) = ("", []) }
        do {
            let content = try APIJSON.decode(JSONContent.self, from: data)
            return ReceivedEvent(id: id, name: name.isEmpty ? "message" : name, content: content)
        } catch { throw .notUnderstood }
    }
}
