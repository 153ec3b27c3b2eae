import Foundation
import Synchronization

/// A name server that reads queries and never replies, on an unused address of 127.0.0.0/8: resolvers use port 53 only.
/// Needs root.
public final class SilentNameServer: Sendable {
    public let address: String
    private let descriptor: Int32
    private let heard = Mutex<[String]>([])

    public init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        for _ in 0..<20 {
            let parts = (0..<3).map { _ in UInt8.random(in: 1...254) }
            let address = "127.\(parts[0]).\(parts[1]).\(parts[2])"
            guard Self.bind(descriptor, address) else { continue }
            self.address = address
            return
        }
        close(descriptor)
        throw POSIXError(.EADDRINUSE)
    }

    deinit { close(descriptor) }

    /// The names queried so far, one per query.
    public var questions: [String] {
        heard.withLock { heard in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
                heard.append(Self.name(in: buffer.prefix(count)))
            }
            return heard
        }
    }

    /// RFC 1035 §4.1.2: after the header of 12 bytes, length-prefixed labels.
    private static func name(in message: ArraySlice<UInt8>) -> String {
        var labels: [String] = []
        var rest = message.dropFirst(12)
        while let length = rest.popFirst(), length > 0 {
            labels.append(String(decoding: rest.prefix(Int(length)), as: UTF8.self))
            rest = rest.dropFirst(Int(length))
        }
        return labels.joined(separator: ".")
    }

    private static func bind(_ descriptor: Int32, _ text: String) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(53).bigEndian
        guard inet_pton(AF_INET, text, &address.sin_addr) == 1 else { return false }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
