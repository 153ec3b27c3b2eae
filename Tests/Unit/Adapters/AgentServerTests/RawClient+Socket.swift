import Foundation
import Synchronization

extension RawClient {
    /// Sends bytes, and returns how many were sent before the server closed the connection.
    func write(_ bytes: [UInt8]) throws -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { sent += count; continue }
            switch errno {
            case EINTR: continue
            case EPIPE, ECONNRESET: return sent
            case EAGAIN: throw Failure.silence
            default: throw Failure.system(call: "send", errno: errno)
            }
        }
        return sent
    }

    /// Waits for more bytes; false once the server has closed the connection.
    func receive() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                received.withLock { $0 += chunk.prefix(count) }
                return true
            }
            if count == 0 { return false }
            switch errno {
            case EINTR: continue
            // unix(7): the peer closed without reading everything.
            case ECONNRESET: return false
            case EAGAIN: throw Failure.silence
            default: throw Failure.system(call: "recv", errno: errno)
            }
        }
    }

    /// Runs a blocking function on its own thread.
    static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
