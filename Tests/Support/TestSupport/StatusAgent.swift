import CLinux
import Foundation

/// An agent that answers each request with the same status.
public final class StatusAgent: Sendable {
    private let listener: Int32

    public init(_ path: String, _ accounts: [(name: String, urls: [String])], scope: String) throws {
        let status: [String: Any] = [
            "agent": ["version": "0", "pid": 1, "socket": path, "store_state": "ok"] as [String: Any],
            "accounts": accounts.map { account in
                [
                    "account": account.name, "state": "ok", "issuer": "https://id.example.com", "scope": scope,
                    "store": "memory", "urls": account.urls,
                ] as [String: Any]
            },
        ]
        let body = try JSONSerialization.data(withJSONObject: status)
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
        let reply = Array(head.utf8) + body
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 8) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRINUSE) }
        Thread.detachNewThread {
            while case let connection = clinux_accept(listener), connection >= 0 {
                var bytes = [UInt8](repeating: 0, count: 64 * 1024)
                while read(connection, &bytes, bytes.count) > 0 {
                    _ = send(connection, reply, reply.count, Int32(MSG_NOSIGNAL))
                }
                close(connection)
            }
            close(listener)
        }
    }

    // Ends accept(2), which close(2) does not.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }
}
