internal import AgentAPI
internal import CLinux
internal import Glibc
internal import LocalSocket

/// One HTTP/1.1 connection to the agent: blocking, bounded in size and in time.
final class AgentConnection {
    private let socket: Descriptor
    private var buffer: [UInt8] = []

    init(_ socket: consuming Descriptor) { self.socket = socket }

    /// Connects to the agent, starting it if nobody listens.
    static func open(startIfNeeded: Bool = true) throws -> AgentConnection {
        let environment = processEnvironment()
        do throws(any Error) {
            let path = try SocketPath.resolve(environment: environment, user: geteuid())
            do throws(any Error) {
                return AgentConnection(try LocalSocket.connect(to: path))
            } catch LocalSocketError.notListening where startIfNeeded {
                return try AgentStarter(path: path, environment: environment).connect()
            }
        } catch let error as LocalSocketError {
            throw Failure(error)
        }
    }

    /// A head that is larger, or a body, is not the agent's.
    private static let longestHead = 64 * 1024
    private static let longestBody = 64 * 1024 * 1024

    struct Response {
        var status: Int
        var contentType: String
        /// Nil: chunked.
        var length: Int?
        var body: [UInt8] = []
    }

    /// Sends a request and returns the head of the response; the body is still to be read.
    func send(
        _ method: String, _ path: String, accept: String = "application/json", body: [UInt8] = [],
        within limit: Duration
    ) throws -> Response {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: \(accept)\r\n"
        head += "User-Agent: authagent/\(agentVersion)\r\n"
        if !body.isEmpty { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        if body.isEmpty && method == "POST" { head += "Content-Length: 0\r\n" }
        try write(Array(head.utf8) + [13, 10] + body)
        return try readHead(Deadline(limit))
    }

    /// Sends a request and returns the whole response.
    func request(
        _ method: String, _ path: String, accept: String = "application/json", body: [UInt8] = [],
        within limit: Duration = .seconds(10)
    ) throws -> Response {
        var response = try send(method, path, accept: accept, body: body, within: limit)
        response.body = try readBody(of: response, Deadline(limit))
        return response
    }

    func readBody(of response: Response, _ deadline: Deadline) throws -> [UInt8] {
        if let length = response.length {
            guard length <= Self.longestBody else { throw Self.nonsense }
            while buffer.count < length { try fill(deadline) }
            defer { buffer.removeFirst(length) }
            return Array(buffer.prefix(length))
        }
        var body: [UInt8] = []
        while let chunk = try readChunk(deadline) {
            body += chunk
            guard body.count <= Self.longestBody else { throw Self.nonsense }
        }
        return body
    }

    /// The next piece of a chunked body; nil at its end (RFC 9112 §7.1).
    func readChunk(_ deadline: Deadline?, watching signals: SignalWatch? = nil) throws -> [UInt8]? {
        let line = try readLine(deadline, signals)
        guard let size = Int(line.prefix { $0 != ";" }, radix: 16), (0...Self.longestBody).contains(size) else {
            throw Self.nonsense
        }
        while buffer.count < size + 2 { try fill(deadline, signals) }
        let chunk = Array(buffer.prefix(size))
        buffer.removeFirst(size + 2)
        return size == 0 ? nil : chunk
    }

    private func readLine(_ deadline: Deadline?, _ signals: SignalWatch?) throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = buffer[..<end].filter { $0 != 13 }
                buffer.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            guard buffer.count < 1024 else { throw Self.nonsense }
            try fill(deadline, signals)
        }
    }

    private func readHead(_ deadline: Deadline) throws -> Response {
        var end: Int?
        while end == nil {
            guard buffer.count < Self.longestHead else { throw Self.nonsense }
            try fill(deadline)
            end = buffer.indices.first { buffer[$0...].starts(with: [13, 10, 13, 10]) }
        }
        guard let end else { throw Self.nonsense }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        buffer.removeFirst(end + 4)
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        guard let status, lines.first?.hasPrefix("HTTP/1.1 ") == true else { throw Self.nonsense }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        let isChunked = fields["transfer-encoding"] == "chunked"
        guard isChunked || fields["content-length"].flatMap({ Int($0) }).map({ $0 >= 0 }) == true else {
            throw Self.nonsense
        }
        return Response(
            status: status, contentType: fields["content-type"] ?? "",
            length: isChunked ? nil : fields["content-length"].flatMap { Int($0) }
        )
    }

    private static var nonsense: Failure {
        Failure(
            "what answers at the socket is no agent", hint: "run 'authagent stop' and 'authagent start'",
            code: .agentUnreachable
        )
    }

    private static var silent: Failure {
        Failure(
            "the agent did not answer in time", hint: "run 'authagent status', or 'authagent stop' to end it",
            code: .agentUnreachable
        )
    }

    private static var lost: Failure {
        Failure(
            "the connection to the agent was lost", hint: "run 'authagent status' to see whether it runs",
            code: .agentUnreachable
        )
    }

    private func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 && errno == EINTR { continue }
            // The agent may refuse before it has read all: its answer is still to be read.
            if count < 0 && errno == EPIPE { return }
            // The limit that the connection was made with.
            if count < 0 && errno == EAGAIN { throw Self.silent }
            guard count > 0 else { throw Self.lost }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for more bytes; throws when there are none in time, or when a watched signal arrives first.
    private func fill(_ deadline: Deadline?, _ signals: SignalWatch? = nil) throws {
        var waits = [pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)]
        if let signals { waits.append(pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)) }
        let ready = poll(&waits, nfds_t(waits.count), deadline?.milliseconds ?? -1)
        if ready < 0 && errno == EINTR { return }
        guard ready > 0 else { throw Self.silent }
        if let signals, waits[1].revents != 0, let signal = signals.take() { throw SignalWatch.Arrived(signal: signal) }
        guard waits[0].revents != 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        let count = recv(socket.raw, &chunk, chunk.count, 0)
        if count < 0 && errno == EINTR { return }
        guard count > 0 else { throw Self.lost }
        buffer += chunk.prefix(count)
    }
}

/// A moment on CLOCK_BOOTTIME after which waiting is over.
struct Deadline {
    private let end: ContinuousClock.Instant

    init(_ limit: Duration) { end = .now + limit }

    /// For poll(2); never negative, which would mean for ever.
    var milliseconds: Int32 {
        let left = end - .now
        return Int32(
            clamping: max(0, left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000))
    }
}
