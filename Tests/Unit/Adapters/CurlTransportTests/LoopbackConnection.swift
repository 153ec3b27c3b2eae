import Foundation
import Synchronization

/// An accepted connection, for a script: every call blocks the connection's own thread.
struct LoopbackConnection: Sendable {
    let descriptor: Int32
    /// Counted from 0.
    let number: Int
    let record: LoopbackRecord

    /// Reads the next request with its whole body; `nil` if the client has closed.
    func request() -> LoopbackRequest? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        // Clients do not pipeline, so all bytes belong to this request.
        while true {
            if let split = bytes.firstRange(of: end) {
                let head = String(decoding: bytes[..<split.lowerBound], as: UTF8.self)
                let body = Array(bytes[split.upperBound...])
                let request = LoopbackRequest(connection: number, head: head, body: body)
                if body.count >= request.values("content-length").first.flatMap(Int.init) ?? 0 {
                    record.state.withLock { $0.requests.append(request) }
                    return request
                }
            }
            let more = read()
            guard !more.isEmpty else { return nil }
            bytes += more
        }
    }

    /// Reads bytes; empty if the client has closed.
    func read() -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return [] }
        record.state.withLock { $0.received += chunk.prefix(count) }
        return Array(chunk.prefix(count))
    }

    /// Reads until the client closes.
    func drain() { while !read().isEmpty {} }

    /// False if the client has closed.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
            record.state.withLock { $0.sentCount += count }
        }
        return true
    }

    /// Sends a whole reply.
    @discardableResult
    func reply(_ status: String = "200 OK", headers: [String] = [], _ body: String = "") -> Bool {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
        return send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Sends the same reply to every request of the connection.
    func serve(_ status: String = "200 OK", headers: [String] = [], _ body: String = "") {
        while request() != nil { reply(status, headers: headers, body) }
    }

    /// Makes the end of the script send a reset instead of FIN.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }
}

extension LoopbackConnection {
    /// Connects to another local port; `nil` if it is closed.
    static func open(port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in.loopback(port: port)
        let isOpen = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isOpen { return descriptor }
        close(descriptor)
        return nil
    }

    /// Copies bytes both ways until either side ends, and closes the other descriptor.
    func relay(to other: Int32) {
        let back = LoopbackConnection(descriptor: other, number: number, record: LoopbackRecord())
        let finished = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            copy(back, to: self)
            finished.signal()
        }
        copy(self, to: back)
        finished.wait()
        close(other)
    }
}

/// The first end shuts down both directions of both connections.
private func copy(_ source: LoopbackConnection, to target: LoopbackConnection) {
    while case let bytes = source.read(), !bytes.isEmpty, target.send(bytes) {}
    for connection in [source, target] { shutdown(connection.descriptor, Int32(SHUT_RDWR)) }
}
