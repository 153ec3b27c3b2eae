internal import Glibc
internal import LocalSocket

/// The sockets to serve: those that systemd passes, else our own.
enum ListeningSockets {
    /// The descriptors, and the path that clients find the first of them at.
    static func open(
        environment: [String: String]
    ) throws(LocalSocketError) -> (descriptors: [Int32], path: String) {
        let inherited = try LocalSocket.inherited(environment: environment)
        if let first = inherited.first { return (inherited, LocalSocket.path(of: first)) }
        let path = try SocketPath.resolve(environment: environment, user: getuid())
        return ([try LocalSocket.listen(at: path).consumeRaw()], path.text)
    }
}
