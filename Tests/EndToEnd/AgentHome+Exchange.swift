import AuthagentClient
import Foundation
import TestSupport

extension AgentHome {
    /// Sends bytes to the agent, half-closes, and returns all that it sends until it closes.
    func exchange(_ bytes: [UInt8]) async throws -> String {
        let path = try SocketPath(socket)
        // A dedicated thread: the call blocks, and the tests' pool has few threads.
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try Self.exchange(bytes, at: path) })
            }
        }
    }

    /// Repeats the exchange, one after the other.
    func exchange(_ bytes: [UInt8], times: Int) async throws {
        let path = try SocketPath(socket)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread {
                continuation.resume(with: Result { for _ in 0..<times { _ = try Self.exchange(bytes, at: path) } })
            }
        }
    }

    private static func exchange(_ bytes: [UInt8], at path: SocketPath) throws -> String {
        let connection = try AgentSocket(connectedTo: path).duplicate()
        defer { close(connection) }
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        shutdown(connection, Int32(SHUT_WR))
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(connection, &chunk, chunk.count, 0), count > 0 { answer += chunk.prefix(count) }
        return String(decoding: answer, as: UTF8.self)
    }
}
