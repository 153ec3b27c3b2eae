internal import Glibc
internal import Synchronization
internal import System

/// A small HTTP server at 127.0.0.1, for one child process. One request for each connection, on a thread of its own, with
/// deadlines and caps: any user of the machine can connect.
public final class LoopbackServer: Sendable {
    /// What answers a request, after its checks. It may wait.
    public typealias Handler = @Sendable (LoopbackRequest) -> LoopbackReply

    public let port: UInt16
    private let listener: Descriptor
    private let handler: Handler
    /// Makes the body of an error from a status and its text.
    private let errorBody: @Sendable (Int, String) -> [UInt8]
    private let connections = Mutex(Connections())

    private struct Connections {
        var count = 0
        var last: UInt64 = 0
        /// Those whose head is not complete, by age.
        var waiting: [UInt64: Int32] = [:]
    }

    /// More than a program's libraries use at once. Beyond it, the one that has waited longest for its head is closed.
    static let mostConnections = 64
    private static let backlog: Int32 = 64
    /// For the request's head, and then for the reply to be taken.
    static let timeLimit: Duration = .seconds(5)

    /// Why no port can be listened at.
    public struct ListenFailure: Error, Sendable {
        public let call: String
        public let code: Int32
    }

    /// Listens at a free port.
    public init(
        errorBody: @escaping @Sendable (Int, String) -> [UInt8], handler: @escaping Handler
    ) throws(ListenFailure) {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard raw >= 0 else { throw ListenFailure(call: "socket", code: errno) }
        let listener = Descriptor(owning: raw)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, length) == 0 && listen(raw, Self.backlog) == 0 && getsockname(raw, $0, &length) == 0
            }
        }
        guard isBound else { throw ListenFailure(call: "listen at 127.0.0.1", code: errno) }
        port = UInt16(bigEndian: address.sin_port)
        self.listener = listener
        self.errorBody = errorBody
        self.handler = handler
    }

    /// Serves on a thread until the process ends. Returns false if the system has no more threads.
    public func start() -> Bool {
        WorkerThread.start(named: "endpoint") {
            while true { self.acceptNext() }
        }
    }

    private func acceptNext() {
        var wait = pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, -1) > 0 else { return }
        guard makeRoom() else {
            // All are being answered.
            _ = poll(nil, 0, 10)
            return
        }
        let raw = LocalSocket.accept(listener.raw)
        guard raw >= 0 else {
            // No descriptors or no memory: others may free some.
            if errno != EAGAIN && errno != ECONNABORTED { _ = poll(nil, 0, 100) }
            return
        }
        let id = connections.withLock { connections in
            connections.count += 1
            connections.last += 1
            connections.waiting[connections.last] = raw
            return connections.last
        }
        let isStarted = WorkerThread.start(named: "request") {
            self.serve(LoopbackConnection(Descriptor(owning: raw)), id)
            self.connections.withLock { $0.count -= 1 }
        }
        if !isStarted {
            connections.withLock { connections in
                connections.waiting[id] = nil
                connections.count -= 1
            }
            close(raw)
        }
    }

    /// Closes the connection that has waited longest, if all places are taken. Returns whether there is a place.
    private func makeRoom() -> Bool {
        connections.withLock { connections in
            guard connections.count >= Self.mostConnections else { return true }
            guard let oldest = connections.waiting.keys.min(), let raw = connections.waiting.removeValue(forKey: oldest)
            else { return false }
            // Its thread closes it: under this lock its number is its own.
            shutdown(raw, Int32(SHUT_RDWR))
            return true
        }
    }

    private func serve(_ connection: consuming LoopbackConnection, _ id: UInt64) {
        do throws(LoopbackRequest.Rejection) {
            let head = try readHead(connection, id)
            guard let head else { return }
            let request = try LoopbackRequest(parsing: head)
            try check(request)
            connection.send(handler(request), within: Self.timeLimit)
        } catch {
            connection.send(
                LoopbackReply(status: error.status, json: errorBody(error.status, error.detail)),
                within: Self.timeLimit)
        }
    }

    private func readHead(
        _ connection: borrowing LoopbackConnection, _ id: UInt64
    ) throws(LoopbackRequest.Rejection) -> [UInt8]? {
        // Before the descriptor is closed, however the reading ends.
        defer { connections.withLock { $0.waiting[id] = nil } }
        return try connection.readHead(within: Self.timeLimit)
    }

    private func check(_ request: LoopbackRequest) throws(LoopbackRequest.Rejection) {
        guard request.method == "GET" else { throw .init(status: 405, detail: "the method is not GET") }
        // A web page whose name resolves to 127.0.0.1 (DNS rebinding) sends its own name.
        let names = ["127.0.0.1:\(port)", "localhost:\(port)"]
        guard let host = request["host"]?.lowercased(), names.contains(host) else {
            throw .init(status: 403, detail: "the request is for another host")
        }
        guard request["origin"] == nil else { throw .init(status: 403, detail: "the request is a web page's") }
    }
}
