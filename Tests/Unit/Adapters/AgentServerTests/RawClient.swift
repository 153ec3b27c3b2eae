import AuthagentClient
import Foundation
import Synchronization
import System
import TestSupport

/// One connection on which a test can send any bytes. Blocking calls run on their own thread: the cooperative pool may
/// have two only.
final class RawClient: Sendable {
    enum Failure: Error {
        /// The server closed the connection, after these last bytes.
        case closed(rest: String)
        /// The server sent nothing for so long that it must have forgotten this connection.
        case silence
        case system(call: String, errno: Int32)
        case notHTTP(String)
    }

    let descriptor: Int32
    let received = Mutex<[UInt8]>([])
    private let isOpen = Mutex(true)

    init(_ path: String) throws {
        descriptor = try AgentSocket(connectedTo: SocketPath(path)).duplicate()
        // No test waits this long; it ends a test that would hang.
        var patience = timeval(tv_sec: 150, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    }

    deinit { close() }

    func close() {
        isOpen.withLock { isOpen in
            if isOpen { _ = Foundation.close(descriptor) }
            isOpen = false
        }
    }

    /// Closes the sending side, as `nc -N` does after its input.
    func closeSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func send(_ request: Request) async throws { try await send(request.text) }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        guard try await sendUntilClosed(bytes) == bytes.count else { throw Failure.closed(rest: "") }
    }

    /// Sends until the server closes the connection, and returns how many bytes it accepted.
    func sendUntilClosed(_ bytes: [UInt8], times: Int = 1) async throws -> Int {
        try await Self.blocking { try (0..<times).reduce(0) { sent, _ in try sent + self.write(bytes) } }
    }

    /// Reads the next reply, including interim ones (RFC 9110 §15.2). `headOfStream`: only the head of a stream.
    func reply(to method: String = "GET", headOfStream: Bool = false) async throws -> HTTPReply {
        try await Self.blocking {
            var reply = try self.head()
            let isChunked = reply["transfer-encoding"] == "chunked"
            if reply.status < 200 || method == "HEAD" || (isChunked && headOfStream) { return reply }
            if let length = reply["content-length"].flatMap({ Int($0) }) {
                reply.body = try self.read(length)
            } else if isChunked {
                while let chunk = try self.chunk() { reply.body += chunk }
            } else {
                reply.body = try self.rest()
            }
            return reply
        }
    }

    /// Reads the head of a chunked reply.
    func streamHead() async throws -> HTTPReply { try await Self.blocking { try self.head() } }

    /// Reads one chunk of a body (RFC 9112 §7.1); `nil` at its end.
    func nextChunk() async throws -> String? { try await Self.blocking { try self.chunk() } }

    /// Reads until the server closes the connection.
    func untilClosed() async throws -> String { try await Self.blocking { try self.rest() } }

    /// Waits for the server to close the connection, and reads nothing.
    func hangup() async throws {
        try await Self.blocking {
            // poll(2) reports POLLHUP without being requested.
            var watched = pollfd(fd: self.descriptor, events: 0, revents: 0)
            guard poll(&watched, 1, 150_000) == 1 else { throw Failure.silence }
        }
    }

    private func head() throws -> HTTPReply {
        let head = try line(ending: "\r\n\r\n")
        guard let reply = HTTPReply(head: head) else { throw Failure.notHTTP(head) }
        return reply
    }

    private func chunk() throws -> String? {
        let size = try line(ending: "\r\n")
        guard let count = Int(size, radix: 16) else { throw Failure.notHTTP(size) }
        let text = try read(count)
        guard try read(2) == "\r\n" else { throw Failure.notHTTP(text) }
        return count == 0 ? nil : text
    }

    private func line(ending: String) throws -> String {
        let ending = Data(ending.utf8)
        while true {
            if let range = Data(received.withLock { $0 }).range(of: ending) {
                let line = try read(range.lowerBound)
                _ = try read(ending.count)
                return line
            }
            guard try receive() else { throw Failure.closed(rest: try rest()) }
        }
    }

    private func read(_ count: Int) throws -> String {
        while received.withLock({ $0.count < count }) {
            guard try receive() else { throw Failure.closed(rest: try rest()) }
        }
        return received.withLock { received in
            defer { received.removeFirst(count) }
            return String(decoding: received.prefix(count), as: UTF8.self)
        }
    }

    private func rest() throws -> String {
        while try receive() {}
        return received.withLock { received in
            defer { received = [] }
            return String(decoding: received, as: UTF8.self)
        }
    }
}
