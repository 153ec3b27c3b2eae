import Foundation
import TestSupport
import Testing

/// An agent that accepts connections and requests, and never answers.
final class SilentAgent: Sendable {
    private let listener: Int32

    init(_ path: String) throws {
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isListening = withUnsafePointer(to: &address) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 8) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRINUSE) }
    }

    deinit { close(listener) }

    /// Returns the first line of the next request and closes its connection.
    func request() async throws -> String {
        await eventually("no client connects") { Self.isReadable(self.listener) }
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { throw POSIXError(.ECONNABORTED) }
        defer { close(connection) }
        await eventually("no request arrives") { Self.isReadable(connection) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(connection, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&look, 1, 0) == 1
    }
}
