package import AgentAPI

/// Parses server-sent events (WHATWG HTML §9.2). Ignores comments (keep-alives), `id` (the event contains it) and
/// `retry` (for browsers).
package struct AgentEventReader: EventReader {
    private static let longestData = 256 * 1024

    private var lines = LineBuffer()
    private var name = ""
    private var data: [UInt8] = []

    package init() {}

    package mutating func append(_ bytes: [UInt8]) throws(AgentClientError) { try lines.append(bytes) }

    package mutating func next() throws(AgentClientError) -> AgentEvent? {
        while let line = lines.next() {
            if line.isEmpty {
                if let event = try dispatch() { return event }
                continue
            }
            let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
            var value = line[colon...].dropFirst()
            if value.first == UInt8(ascii: " ") { value.removeFirst() }
            switch String(decoding: line[..<colon], as: UTF8.self) {
            case "event": name = String(decoding: value, as: UTF8.self)
            case "data":
                data += data.isEmpty ? Array(value) : [10] + value
                guard data.count <= Self.longestData else { throw .notUnderstood }
            default: break
            }
        }
        return nil
    }

    /// `nil` if the event has no data, or is of a kind that only later versions know.
    private mutating func dispatch() throws(AgentClientError) -> AgentEvent? {
        defer { (name, data) = ("", []) }
        guard !data.isEmpty, AgentNews.Kind(rawValue: name) != nil else { return nil }
        do { return try APIJSON.decode(AgentEvent.self, from: data) } catch { throw .notUnderstood }
    }
}
