package import AgentAPI

/// Cuts a stream of bytes into events.
package protocol EventReader: Sendable {
    associatedtype Event: Sendable
    init()
    mutating func append(_ bytes: [UInt8]) throws(AgentClientError)
    /// Nil when more bytes are needed.
    mutating func next() throws(AgentClientError) -> Event?
}

/// Lines that come in pieces, of any kind of line end and of bounded length.
package struct LineBuffer: Sendable {
    /// A login's prompt with its QR code has some kilobytes.
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

/// The events of a login: a JSON object on each line (`application/x-ndjson`).
package struct LoginEventReader: EventReader {
    private var lines = LineBuffer()

    package init() {}

    package mutating func append(_ bytes: [UInt8]) throws(AgentClientError) { try lines.append(bytes) }

    package mutating func next() throws(AgentClientError) -> LoginEvent? {
        guard let line = lines.next() else { return nil }
        do { return try APIJSON.decode(LoginEvent.self, from: line) } catch { throw .notUnderstood }
    }
}
