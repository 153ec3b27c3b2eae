internal import CLinux
import Foundation

/// A TCP listener on 127.0.0.1 at a port chosen by the kernel; closed with this object.
public final class LoopbackListener: Sendable {
    private let descriptor: Int32
    public let port: UInt16

    /// `serve` gets each connection, on the accepting thread, which closes it afterwards.
    public init(_ serve: @escaping @Sendable (_ connection: Int32) -> Void) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRINUSE) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread {
            while case let connection = clinux_accept(descriptor), connection >= 0 { serve(connection) }
            // Closed by this thread, so that it never accepts at another test's listener with the same number.
            close(descriptor)
        }
    }

    deinit {
        // Ends accept(2), which close(2) does not.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
