package import AgentAPI
internal import Glibc

/// One HTTP/1.1 connection to the agent: blocking, with limits on size and time.
///
/// `@unchecked Sendable`: it moves between threads, but only one uses it at a time.
package final class AgentConnection: @unchecked Sendable {
    package let socket: AgentSocket
    private var buffer: [UInt8] = []
    /// Whether the last response announced the end of the connection.
    private var isOver = false

    package init(to path: SocketPath) throws(AgentClientError) { socket = try AgentSocket(connectedTo: path) }

    /// The agent never sends a larger head or body.
    private static let longestHead = 64 * 1024
    private static let longestBody = 16 * 1024 * 1024
    /// For the size line of a chunk, with its extensions.
    private static let longestLine = 1024

    /// Whether the connection is ready for another request.
    package var isReusable: Bool { !isOver && buffer.isEmpty && socket.isQuiet }

    /// Sends a request and returns the head of the response; the body must still be read.
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

    /// Returns the next chunk of the body; `nil` at its end (RFC 9112 §7.1). Throws `cancelled` if the descriptor
    /// `alarm` becomes readable first; the next call then returns the chunk.
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

    /// Parses hexadecimal digits; extensions after them are ignored.
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
            // The agent may refuse before it has read everything; its answer can still be read.
            if count < 0 && errno == EPIPE { return }
            // The send timeout of the connection expired.
            if count < 0 && errno == EAGAIN { throw .timeout }
            guard count > 0 else { throw .lost }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for more bytes; throws after the deadline, or if the alarm becomes readable first.
    private func fill(_ deadline: Deadline?, _ alarm: Int32? = nil) throws(AgentClientError) {
        // poll(2) ignores a negative descriptor.
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

extension AgentConnection {
    /// Sends a request and returns the decoded response.
    package func ask<Reply: Decodable>(_ request: Request<Reply>) throws(AgentClientError) -> Reply {
        try ask(request, Deadline(request.limit))
    }

    package func ask<Reply: Decodable>(
        _ request: Request<Reply>, _ deadline: Deadline
    ) throws(AgentClientError) -> Reply {
        try response(to: request.plain, deadline).decoded(Reply.self)
    }

    /// Sends a request and returns the raw response.
    package func response(to request: PlainRequest, _ deadline: Deadline) throws(AgentClientError) -> Response {
        let head = try send(request, deadline)
        return Response(head, try readBody(of: head, deadline))
    }

    /// Sends a request whose response is a stream; throws the problem if the agent returns one instead.
    package func begin<Reply>(_ request: Request<Reply>) throws(AgentClientError) {
        let deadline = Deadline(request.limit)
        let head = try send(request.plain, deadline)
        guard head.status == 200 else { throw .problem(Response(head, try readBody(of: head, deadline)).problem) }
        guard head.length == nil else { throw .notAnAgent }
    }
}

/// A complete response.
package struct Response: Sendable {
    package var status: Int
    package var body: [UInt8]

    package init(_ head: ResponseHead, _ body: [UInt8]) {
        status = head.status
        self.body = body
    }

    /// Decodes the body as `type`, or throws the problem that it holds instead.
    package func decoded<Reply: Decodable>(_ type: Reply.Type) throws(AgentClientError) -> Reply {
        guard status == 200 else { throw .problem(problem) }
        do { return try APIJSON.decode(type, from: body) } catch { throw .notUnderstood }
    }

    package var problem: Problem {
        (try? APIJSON.decode(Problem.self, from: body))
            ?? Problem(.internalError, "the agent answered with status \(status)", hint: "run 'authagent status'")
    }
}
