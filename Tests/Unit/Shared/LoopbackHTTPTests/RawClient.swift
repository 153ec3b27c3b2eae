import Glibc
import LoopbackHTTP
import Synchronization

/// A client that sends what it is told to.
enum RawClient {
    static func get(_ target: String, host: String, _ family: LoopbackPlace.Family, _ port: UInt16) -> String? {
        send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n", family, port)
    }

    /// Returns the whole reply; `nil` if the connection is refused.
    static func send(_ text: String, _ family: LoopbackPlace.Family, _ port: UInt16) -> String? {
        let raw = socket(family == .ipv4 ? AF_INET : AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        guard raw >= 0 else { return nil }
        defer { close(raw) }
        guard family == .ipv4 ? connectIPv4(raw, port) : connectIPv6(raw, port) else { return nil }
        // Latin 1, so that a test can send a byte above ASCII.
        let bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        guard Glibc.send(raw, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return nil }
        var reply: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(raw, &part, part.count, 0)
            guard count > 0 else { break }
            reply += part.prefix(count)
        }
        return String(decoding: reply, as: UTF8.self)
    }

    private static func connectIPv4(_ raw: Int32, _ port: UInt16) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return connect(raw, &address)
    }

    private static func connectIPv6(_ raw: Int32, _ port: UInt16) -> Bool {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return connect(raw, &address)
    }

    private static func connect<Address>(_ raw: Int32, _ address: inout Address) -> Bool {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(raw, $0, socklen_t(MemoryLayout<Address>.size)) == 0
            }
        }
    }
}

/// What one thread tells another.
final class Flag: Sendable {
    private let isRaised = Mutex(false)

    func raise() { isRaised.withLock { $0 = true } }
    func wait() { while !isRaised.withLock({ $0 }) { _ = poll(nil, 0, 5) } }
}

final class Answer: Sendable {
    private let text = Mutex<String??>(nil)

    func set(_ reply: String?) { text.withLock { $0 = .some(reply) } }

    func wait() -> String? {
        while true {
            if let text = text.withLock({ $0 }) { return text }
            _ = poll(nil, 0, 5)
        }
    }
}
