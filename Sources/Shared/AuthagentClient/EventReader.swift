package import AgentAPI

/// A parser that splits a byte stream into events.
package protocol EventReader: Sendable {
    associatedtype Event: Sendable
    init()
    mutating func append(_ bytes: [UInt8]) throws(AgentClientError)
    /// Returns the next event; `nil` if more bytes are needed.
    mutating func next() throws(AgentClientError) -> Event?
}

/// A buffer for lines that arrive in pieces, with any line ending and a maximum length.
package struct LineBuffer: Sendable {
    /// A login prompt with its QR code has some kilobytes.
    private static let longestLine = 256 * 1024
    private var pending: [UInt8] = []
    private var searched = 0

    package init() {}

    package mutating func append(_ bytes: [UInt8]) throws(AgentClientError) {
        pending += bytes
        guard pending.count <= Self.longestLine || pending.contains(10) else { throw .notUnderstood }
    }

    package mutating func next() -> [UInt8]? {
        guard let end = pending[searched...].firstIndex(of: 10) else {
            searched = pending.count
            return nil
        }
        var line = Array(pending[..<end])
        pending.removeFirst(end + 1)
        searched = 0
        if line.last == 13 { line.removeLast() }
        return line
    }
}

/// A parser for a login's events: one JSON object on each line (`application/x-ndjson`).
package struct LoginEventReader: EventReader {
    private var lines = LineBuffer()

    package init() {}

    package mutating func append(_ bytes: [UInt8]) throws(AgentClientError) { try lines.append(bytes) }

    package mutating func next() throws(AgentClientError) -> LoginEvent? {
        guard let line = lines.next() else { return nil }
        do { return try APIJSON.decode(LoginEvent.self, from: line) } catch { throw .notUnderstood }
    }
}
