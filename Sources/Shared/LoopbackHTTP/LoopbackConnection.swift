internal import Glibc
internal import System

/// One connection: a request's head in, a reply out.
struct LoopbackConnection: ~Copyable {
    private let socket: Descriptor

    /// The socket does not block.
    init(_ socket: consuming Descriptor) { self.socket = socket }

    /// Reads to the empty line, `longest` bytes at most; `nil` if the client leaves before.
    borrowing func readHead(
        _ longest: Int, within limit: Duration
    ) throws(LoopbackRequest.Rejection) -> [UInt8]? {
        let deadline = ContinuousClock.now + limit
        var head: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 2048)
        while true {
            guard wait(for: POLLIN, until: deadline) else {
                throw .init(status: 408, detail: "the request was not complete in time")
            }
            let count = recv(socket.raw, &part, part.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { return nil }
            let searched = max(0, head.count - 3)
            head += part.prefix(count)
            let end = Self.end(of: head, from: searched)
            guard end ?? head.count <= longest else {
                throw .init(status: 431, detail: "the request is too long")
            }
            if let end {
                guard end == head.count else { throw .init(status: 400, detail: "the request has a body") }
                return head
            }
        }
    }

    /// Sends the reply; without its body for HEAD (RFC 9110 §9.3.2).
    /// `hasUnreadBytes`: the client may have sent more than what was read.
    borrowing func send(
        _ reply: LoopbackReply, headOnly: Bool = false, hasUnreadBytes: Bool = false, within limit: Duration
    ) {
        let deadline = ContinuousClock.now + limit
        let bytes = headOnly ? reply.head : reply.head + reply.body
        var sent = 0
        while sent < bytes.count, wait(for: POLLOUT, until: deadline) {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
        shutdown(socket.raw, Int32(SHUT_WR))
        guard hasUnreadBytes else { return }
        // Unread bytes would make close(2) reset the connection, and the client might lose the reply.
        var rest = [UInt8](repeating: 0, count: 2048)
        let end = min(deadline, .now + Self.drainTime)
        while wait(for: POLLIN, until: end), recv(socket.raw, &rest, rest.count, 0) > 0 {}
    }

    /// Short, because others may keep the connection busy for as long.
    private static let drainTime: Duration = .milliseconds(200)

    private borrowing func wait(for events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        var ready = pollfd(fd: socket.raw, events: Int16(events), revents: 0)
        while true {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { return false }
            let count = poll(&ready, 1, Int32(clamping: Int(left.rounded(.up))))
            if count > 0 { return true }
            guard count < 0, errno == EINTR else { return false }
        }
    }

    private static func end(of head: [UInt8], from start: Int) -> Int? {
        guard head.count >= 4 else { return nil }
        return (start...(head.count - 4)).first { head[$0...].starts(with: [13, 10, 13, 10]) }.map { $0 + 4 }
    }
}
