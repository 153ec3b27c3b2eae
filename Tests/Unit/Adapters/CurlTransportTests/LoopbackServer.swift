import CLinux
import Foundation
import Synchronization

/// A TCP listener on 127.0.0.1 that runs its script for each connection, on a thread of the connection.
///
/// It counts connections and keeps all received bytes; its end closes its connections and ends their threads.
final class LoopbackServer: Sendable {
    typealias Script = @Sendable (LoopbackConnection) -> Void

    let port: Int
    private let record: LoopbackRecord
    private let listener: Int32
    private let hasThread: Bool

    /// Without a script nothing is accepted, and the kernel completes `backlog` connections.
    init(backlog: Int32 = 1024, _ script: Script? = nil) throws {
        let record = LoopbackRecord()
        self.record = record
        // Close-on-exec: a copy in another test's child would keep the connection open.
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0, let port = Self.bind(listener), listen(listener, backlog) == 0 else {
            throw POSIXError(.EADDRINUSE)
        }
        self.port = port
        hasThread = script != nil
        guard let script else { return }
        let listener = listener
        Thread.detachNewThread {
            Self.accept(listener, record, script)
            // Closed by this thread, so that it never accepts at another test's listener with the same number.
            close(listener)
        }
    }

    deinit {
        record.stop()
        // Ends accept(2), which close(2) alone does not.
        shutdown(listener, Int32(SHUT_RDWR))
        if !hasThread { close(listener) }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var connectionCount: Int { record.state.withLock { $0.connectionCount } }
    /// The number of open connections at this end.
    var openCount: Int { record.state.withLock { $0.open.count } }
    var requests: [LoopbackRequest] { record.state.withLock { $0.requests } }
    var received: [UInt8] { record.state.withLock { $0.received } }
    var sentCount: Int { record.state.withLock { $0.sentCount } }

    private static func bind(_ descriptor: Int32) -> Int? {
        var address = sockaddr_in.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    private static func accept(_ listener: Int32, _ record: LoopbackRecord, _ script: @escaping Script) {
        while true {
            let descriptor = clinux_accept(listener)
            if descriptor < 0 && (errno == EINTR || errno == ECONNABORTED) { continue }
            guard descriptor >= 0 else { return }
            guard let number = record.open(descriptor) else { continue }
            Thread.detachNewThread {
                script(LoopbackConnection(descriptor: descriptor, number: number, record: record))
                record.close(descriptor)
            }
        }
    }
}

extension sockaddr_in {
    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }
}
