import AuthagentClient
import Foundation
import Synchronization
import System
import TestSupport

/// A server at the agent's socket that sends what a test scripts, byte by byte. Each connection has a thread.
final class ScriptedServer: Sendable {
    enum Step: Sendable {
        case send(String)
        /// Waits until the client has closed the connection.
        case awaitHangup
        /// Waits until the test opens the gate.
        case wait(Gate)
        /// Waits for another request on the same connection.
        case next
    }

    let path: SocketPath
    private let files: TemporaryDirectory
    private let listener: Int32
    private let seen = Mutex<[String]>([])
    private let connections = Mutex(0)
    private let hangups = Mutex(0)

    /// `script` returns the steps for each request, numbered from 0 over all connections.
    init(_ script: @escaping @Sendable (_ request: Int) -> [Step]) throws {
        files = try TemporaryDirectory()
        path = try SocketPath(files.path + "/run/agent.sock")
        listener = try LocalSocket.listen(at: path.text).consumeRaw()
        Thread.detachNewThread { [listener, weak self] in
            // Closed here, so that it never accepts on another test's listener with the same number.
            defer { close(listener) }
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                guard let self else {
                    close(connection)
                    return
                }
                self.connections.withLock { $0 += 1 }
                Thread.detachNewThread { self.serve(connection, script) }
            }
        }
    }

    /// Ends the thread that accepts connections.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// The requests so far, as received.
    var requests: [String] { seen.withLock { $0 } }
    var connectionCount: Int { connections.withLock { $0 } }
    /// How many clients closed their connection during `awaitHangup`.
    var hangupCount: Int { hangups.withLock { $0 } }

    func client() throws -> AgentClient { try AgentClient(path) }

    static func json(_ body: String, status: Int = 200, fields: String = "") -> Step {
        .send(
            "HTTP/1.1 \(status) \r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n"
                + fields + "\r\n" + body)
    }

    static let health = json(
        #"{"version":"1","pid":7,"socket":"/s","store_state":"ok","something_new":true}"# + "\n")

    static func stream(_ chunks: [String], ends: Bool = true) -> Step {
        let pieces = chunks.map { String($0.utf8.count, radix: 16) + "\r\n" + $0 + "\r\n" }.joined()
        return .send("HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n" + pieces + (ends ? "0\r\n\r\n" : ""))
    }

    private func serve(_ connection: Int32, _ script: (Int) -> [Step]) {
        defer { close(connection) }
        while let request = Self.readRequest(connection) {
            let number = seen.withLock { seen in
                seen.append(request)
                return seen.count - 1
            }
            var goesOn = false
            for step in script(number) {
                switch step {
                case .send(let text): Self.send(connection, text)
                case .awaitHangup:
                    var byte: UInt8 = 0
                    while recv(connection, &byte, 1, 0) > 0 {}
                    hangups.withLock { $0 += 1 }
                case .wait(let gate):
                    let opened = DispatchSemaphore(value: 0)
                    Task {
                        await gate.pass()
                        opened.signal()
                    }
                    opened.wait()
                case .next: goesOn = true
                }
            }
            if !goesOn { return }
        }
    }

    private static func send(_ connection: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads a head and its body; `nil` at the end of the connection.
    private static func readRequest(_ connection: Int32) -> String? {
        var text = ""
        var byte: UInt8 = 0
        while !text.hasSuffix("\r\n\r\n") {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        let length = text.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        for _ in 0..<(length.flatMap { Int($0.dropFirst("Content-Length: ".count)) } ?? 0) {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return text
    }
}
