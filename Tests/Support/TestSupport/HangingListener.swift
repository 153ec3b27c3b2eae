import Foundation

/// A Unix socket whose queue is full and never accepted, like that of a stopped program.
public final class HangingListener: Sendable {
    private let listener: Int32
    private let waiting: Int32

    public init(_ path: String) throws {
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        waiting = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isFull = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let length = socklen_t(MemoryLayout<sockaddr_un>.size)
                // A queue of 0 holds one connection.
                return bind(listener, $0, length) == 0 && listen(listener, 0) == 0
                    && connect(waiting, $0, length) == 0
            }
        }
        guard isFull else { throw POSIXError(.EADDRINUSE) }
    }

    deinit {
        close(listener)
        close(waiting)
    }
}
