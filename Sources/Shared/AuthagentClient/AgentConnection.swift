package import AgentAPI
internal import Glibc

/// One HTTP/1.1 connection to the agent: blocking, with limits on size and time.
///
/// `@unchecked Sendable`: it moves between threads, but only one uses it at a time.
package final class AgentConnection: @unchecked Sendable {
    package let socket: AgentSocket
    private var buffer = RawBytes(capacity: AgentConnection.firstRead)
    /// Whether the last response announced the end of the connection.
    private var isOver = false
    /// Whether no byte of a reply has come since the last request: the agent ended before it, if the connection is lost.
    package private(set) var isUnanswered = false

    package init(to path: SocketPath) throws(AgentClientError) { socket = try AgentSocket(connectedTo: path) }

    package init(to address: AgentAddress) throws(AgentClientError) { socket = try AgentSocket(connectedTo: address) }

    /// The agent never sends a larger head or body.
    private static let longestHead = 64 * 1024
    private static let longestBody = 16 * 1024 * 1024
    /// For the size line of a chunk, with its extensions.
    private static let longestLine = 1024
    /// Holds most replies with a token. More would touch further pages of a new process's heap.
    private static let firstRead = 2 * 1024

    /// Whether the connection is ready for another request.
    package var isReusable: Bool { !isOver && buffer.isEmpty && socket.isQuiet }

    /// Sends a request and returns the head of the response; the body must still be read.
    package func send(_ request: borrowing RawBytes, _ deadline: Deadline) throws(AgentClientError) -> ResponseHead {
        isUnanswered = true
        try request.withBytes { bytes throws(AgentClientError) in try write(bytes) }
        let head = try readHead(deadline)
        isOver = head.isLast
        return head
    }

    /// Lends a body; it stays to be read if `use` returns false. Returns false for one in chunks.
    package func lendBody(
        of head: ResponseHead, _ deadline: Deadline, to use: (UnsafeBufferPointer<UInt8>) -> Bool
    ) throws(AgentClientError) -> Bool {
        guard let length = head.length else { return false }
        try waitForBody(length, deadline)
        guard buffer.withBytes({ use(UnsafeBufferPointer(rebasing: $0.prefix(length))) }) else { return false }
        buffer.removeFirst(length)
        return true
    }

    package func readBody(of head: ResponseHead, _ deadline: Deadline) throws(AgentClientError) -> [UInt8] {
        if let length = head.length {
            try waitForBody(length, deadline)
            return take(length)
        }
        var body: [UInt8] = []
        while let chunk = try readChunk(deadline) {
            body += chunk
            guard body.count <= Self.longestBody else { throw .notAnAgent }
        }
        return body
    }

    private func waitForBody(_ length: Int, _ deadline: Deadline) throws(AgentClientError) {
        guard length <= Self.longestBody else { throw .notAnAgent }
        while buffer.count < length { try fill(deadline) }
    }

    /// Returns the next chunk of the body; `nil` at its end (RFC 9112 §7.1). Throws `cancelled` if the descriptor
    /// `alarm` becomes readable first; the next call then returns the chunk.
    package func readChunk(_ deadline: Deadline?, alarm: Int32? = nil) throws(AgentClientError) -> [UInt8]? {
        while true {
            if let end = buffer.withBytes({ $0.prefix(Self.longestLine).firstIndex(of: 10) }) {
                guard let size = buffer.withBytes({ Self.size($0[..<end]) }) else { throw .notAnAgent }
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
    private static func size(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 13 }
        guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), (0...longestBody).contains(size)
        else { return nil }
        return size
    }

    private func readHead(_ deadline: Deadline) throws(AgentClientError) -> ResponseHead {
        var searched = 0
        while true {
            if let end = buffer.withBytes({ Self.endOfHead(in: $0, from: searched) }) {
                let head = buffer.withBytes { ResponseHead(parsing: $0[..<end]) }
                buffer.removeFirst(end + 4)
                guard let head else { throw .notAnAgent }
                return head
            }
            guard buffer.count < Self.longestHead else { throw .notAnAgent }
            searched = max(0, buffer.count - 3)
            try fill(deadline)
        }
    }

    private static func endOfHead(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard bytes.count >= start + 4 else { return nil }
        return (start...(bytes.count - 4)).first { index in
            bytes[index] == 13 && bytes[index + 1] == 10 && bytes[index + 2] == 13 && bytes[index + 3] == 10
        }
    }

    private func take(_ count: Int) -> [UInt8] {
        defer { buffer.removeFirst(count) }
        return buffer.withBytes { Array($0.prefix(count)) }
    }

    private func write(_ bytes: UnsafeBufferPointer<UInt8>) throws(AgentClientError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let next = UnsafeBufferPointer(rebasing: rest)
            let count = Glibc.send(socket.raw, next.baseAddress, next.count, Int32(MSG_NOSIGNAL))
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
        let descriptor = socket.raw
        let count = buffer.append { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { throw .lost }
        isUnanswered = false
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
        try response(to: request.plain.bytes, deadline).decoded(Reply.self)
    }

    /// Sends a request and returns the raw response.
    package func response(
        to request: borrowing RawBytes, _ deadline: Deadline
    ) throws(AgentClientError) -> Response {
        let head = try send(request, deadline)
        return Response(head, try readBody(of: head, deadline))
    }

    /// Sends a request whose response is a stream; throws the problem if the agent returns one instead.
    package func begin<Reply>(_ request: Request<Reply>) throws(AgentClientError) {
        let deadline = Deadline(request.limit)
        let head = try send(request.plain.bytes, deadline)
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
        if status == 304, let kind = type as? any ReplyWithoutContent.Type, let reply = kind.unchanged as? Reply {
            return reply
        }
        guard status == 200 else { throw .problem(problem) }
        do { return try APIJSON.decode(type, from: body) } catch { throw .notUnderstood }
    }

    package var problem: Problem {
        (try? APIJSON.decode(Problem.self, from: body))
            ?? Problem(.internalError, "the agent answered with status \(status)", hint: "run 'authagent status'")
    }
}
