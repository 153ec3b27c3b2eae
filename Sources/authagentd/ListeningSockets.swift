internal import LocalSocket

/// The sockets to serve: those that systemd passes, else our own.
enum ListeningSockets {
    static func open(_ path: SocketPath, environment: [String: String]) throws(LocalSocketError) -> [Int32] {
        let inherited = try LocalSocket.inherited(environment: environment)
        guard inherited.isEmpty else { return inherited }
        return [try LocalSocket.listen(at: path).consumeRaw()]
    }
}
