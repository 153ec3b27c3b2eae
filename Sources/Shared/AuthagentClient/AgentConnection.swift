internal import Glibc

/// One HTTP/1.1 connection to the agent: blocking, bounded in size and in time.
///
/// `@unchecked Sendable`: it goes from thread to thread, but only one has it at a time.
package final class AgentConnection: @unchecked Sendable {
    package let socket: AgentSocket
    private var buffer: [UInt8] = []
    /// Whether the last response has said that it is the last.
    private var isOver = false

    package init(to path: SocketPath) throws(AgentClientError) { socket = try AgentSocket(connectedTo: path) }

    /// A head that is larger, or a body, is not the agent's.
    private static let longestHead = 64 * 1024
    private static let longestBody = 16 * 1024 * 1024
    /// The size of a piece of a chunked body, and what may be said about it.
    private static let longestLine = 1024

    /// Whether another request can be sent, now that the last one is answered.
    package var isReusable: Bool { !isOver && buffer.isEmpty && socket.isQuiet }

    /// Sends a request and returns the head of the response; the body is still to be read.
    package func send(_ request: PlainRequest, _ deadline: Deadline) throws(AgentClientError) -> ResponseHead {
        try write(request.bytes)
        let head = try readHead(deadline)
        isOver = head.isLast
        return head
    }

    package func readBody(of head: ResponseHead, _ deadline: Deadline) throws(AgentClientError) -> [UInt8] {
        if let length = head.length {
            guard length <= Self.longestBody else { throw .notAnAgent }
            while buffer.count < length { try fill(deadline) }
            return take(length)
        }
        var body: [UInt8] = []
        while let chunk = try readChunk(deadline) {
            body += chunk
            guard body.count <= Self.longestBody else { throw .notAnAgent }
        }
        return body
    }

    /// The next piece of a chunked body; nil at its end (RFC 9112 §7.1). Throws `cancelled` when the descriptor `alarm`
    /// has something to read first; the piece then comes with the next call.
    package func readChunk(_ deadline: Deadline?, alarm: Int32? = nil) throws(AgentClientError) -> [UInt8]? {
        while true {
            if let end = buffer.prefix(Self.longestLine).firstIndex(of: 10) {
                guard let size = Self.size(buffer[..<end]) else { throw .notAnAgent }
                if buffer.count >= end + 1 + size + 2 {
                    let chunk = take(end + 1 + size + 2)
                    guard chunk.suffix(2) == [13, 10] else { throw .notAnAgent }
                    return size == 0 ? nil : Array(chunk[(end + 1)...].prefix(size))
                }
            } else if buffer.count >= Self.longestLine {
                throw .notAnAgent
            }
            try fill(deadline, alarm)
        }
    }

    /// Hexadecimal digits, and perhaps extensions, which say nothing to this client.
    private static func size(_ line: ArraySlice<UInt8>) -> Int? {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 13 }
        guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), (0...longestBody).contains(size)
        else { return nil }
        return size
    }

    private func readHead(_ deadline: Deadline) throws(AgentClientError) -> ResponseHead {
        var searched = 0
        while true {
            if let end = endOfHead(from: searched) {
                defer { buffer.removeFirst(end + 4) }
                guard let head = ResponseHead(parsing: buffer[..<end]) else { throw .notAnAgent }
                return head
            }
            guard buffer.count < Self.longestHead else { throw .notAnAgent }
            searched = max(0, buffer.count - 3)
            try fill(deadline)
        }
    }

    private func endOfHead(from start: Int) -> Int? {
        guard buffer.count >= start + 4 else { return nil }
        return (start...(buffer.count - 4)).first { index in
            buffer[index] == 13 && buffer[index + 1] == 10 && buffer[index + 2] == 13 && buffer[index + 3] == 10
        }
    }

    private func take(_ count: Int) -> [UInt8] {
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    private func write(_ bytes: [UInt8]) throws(AgentClientError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 && errno == EINTR { continue }
            // The agent may refuse before it has read all: its answer is still to be read.
            if count < 0 && errno == EPIPE { return }
            // The limit that the connection was made with.
            if count < 0 && errno == EAGAIN { throw .timeout }
            guard count > 0 else { throw .lost }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for more bytes; throws when there are none in time, or when the alarm rings first.
    private func fill(_ deadline: Deadline?, _ alarm: Int32? = nil) throws(AgentClientError) {
        // A negative descriptor is left out (poll(2)).
        var waits = (
            pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: alarm ?? -1, events: Int16(POLLIN), revents: 0)
        )
        let limit = deadline?.milliseconds ?? -1
        let ready = withUnsafeMutableBytes(of: &waits) {
            poll($0.baseAddress?.assumingMemoryBound(to: pollfd.self), 2, limit)
        }
        if ready < 0 && errno == EINTR { return }
        guard ready > 0 else { throw .timeout }
        guard waits.1.revents == 0 else { throw .cancelled }
        let size = 16 * 1024
        let room = [UInt8](unsafeUninitializedCapacity: size) { chunk, count in
            count = max(0, recv(socket.raw, chunk.baseAddress, size, 0))
        }
        guard !room.isEmpty else { throw .lost }
        buffer += room
    }
}
