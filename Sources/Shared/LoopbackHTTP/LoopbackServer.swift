internal import Glibc
internal import Synchronization
internal import System

/// A small HTTP server at loopback addresses. One request for each connection, on a thread of its own, with deadlines and
/// caps: any user of the machine can connect.
public final class LoopbackServer: Sendable {
    /// What answers a request, after its checks. It may wait.
    public typealias Handler = @Sendable (LoopbackRequest) -> LoopbackReply

    private let clients: LoopbackClients
    private let listeners: LoopbackListeners
    private let handler: Handler
    private let connections = Mutex(Connections())

    private struct Connections {
        var count = 0
        var last: UInt64 = 0
        /// Those whose head is not complete, by age.
        var waiting: [UInt64: Int32] = [:]
        var isStopped = false
    }

    /// More than a program's libraries use at once. Beyond it, the one that has waited longest for its head is closed.
    static let mostConnections = 64
    /// For the request's head, and then for the reply to be taken.
    static let timeLimit: Duration = .seconds(5)

    /// Why a port cannot be listened at.
    public struct ListenFailure: Error, Sendable {
        public let call: String
        public let code: Int32
        /// 0 if any port would do.
        public let port: UInt16

        /// The system has no more threads.
        public static let noThread = ListenFailure(call: "start a thread", code: EAGAIN, port: 0)
    }

    public init(
        for clients: LoopbackClients, at place: LoopbackPlace = LoopbackPlace(), handler: @escaping Handler
    ) throws(ListenFailure) {
        listeners = try LoopbackListeners(place)
        self.clients = clients
        self.handler = handler
    }

    public var port: UInt16 { listeners.port }
    /// The addresses that the system has.
    public var families: Set<LoopbackPlace.Family> { listeners.families }

    /// Serves on a thread until `stop` or the process's end. Returns false if the system has no more threads.
    public func start() -> Bool {
        WorkerThread.start(named: "endpoint") {
            while !self.isStopped { self.acceptNext() }
        }
    }

    /// Refuses connections from now on. Requests that are being answered are answered.
    public func stop() {
        connections.withLock { $0.isStopped = true }
        listeners.shutDown()
    }

    /// Whether a request has been read and is not answered yet. Browsers also connect ahead of their next request.
    public var isAnswering: Bool { connections.withLock { $0.count > $0.waiting.count } }

    private var isStopped: Bool { connections.withLock { $0.isStopped } }

    /// Returns a socket that has a connection to accept; `nil` if there is none yet.
    private func readyListener() -> Int32? {
        var waits = listeners.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&waits, nfds_t(waits.count), -1) > 0 else { return nil }
        return waits.first { $0.revents != 0 }?.fd
    }

    private func acceptNext() {
        guard let listener = readyListener(), !isStopped else { return }
        guard makeRoom() else {
            // All are being answered.
            _ = poll(nil, 0, 10)
            return
        }
        let raw = LocalSocket.accept(listener)
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
            let request = try LoopbackRequest(parsing: head, clients.reading)
            try check(request)
            connection.send(handler(request), headOnly: request.method == "HEAD", within: Self.timeLimit)
        } catch {
            connection.send(clients.reply(to: error), hasUnreadBytes: true, within: Self.timeLimit)
        }
    }

    private func readHead(
        _ connection: borrowing LoopbackConnection, _ id: UInt64
    ) throws(LoopbackRequest.Rejection) -> [UInt8]? {
        // Before the descriptor is closed, however the reading ends.
        defer { connections.withLock { $0.waiting[id] = nil } }
        return try connection.readHead(clients.longestHead, within: Self.timeLimit)
    }

    private func check(_ request: LoopbackRequest) throws(LoopbackRequest.Rejection) {
        guard clients.takes(request.method) else { throw .init(status: 405, detail: "the method is not GET") }
        guard let host = request["host"]?.lowercased(), isOwn(host) else {
            throw .init(status: 403, detail: "the request is for another host")
        }
        guard !clients.refusesOrigin || request["origin"] == nil else {
            throw .init(status: 403, detail: "the request is a web page's")
        }
    }

    /// A web page whose name resolves to a loopback address (DNS rebinding) sends its own name.
    private func isOwn(_ host: String) -> Bool {
        let names = families.map(\.host) + ["localhost"]
        // RFC 9110 §7.2: without the port if it is the scheme's.
        return names.contains { host == "\($0):\(port)" || (port == 80 && host == $0) }
    }
}
