internal import AuthagentClient
internal import Glibc
internal import LocalSocket

/// The sockets to serve: those that systemd passes, else our own.
struct ListeningSockets {
    let descriptors: [Int32]
    /// Where clients find the first of them.
    let path: String
    /// The path of a socket that is ours to keep. What systemd passes is systemd's.
    let own: SocketPath?

    static func open(environment: [String: String]) throws(LocalSocketError) -> ListeningSockets {
        let inherited = try LocalSocket.inherited(environment: environment)
        if let first = inherited.first {
            return ListeningSockets(descriptors: inherited, path: LocalSocket.path(of: first), own: nil)
        }
        let path: SocketPath
        do throws(AgentClientError) {
            path = try SocketPath.resolve(environment: environment, user: getuid())
        } catch {
            throw .client(error)
        }
        let descriptor = try LocalSocket.listen(at: path).consumeRaw()
        return ListeningSockets(descriptors: [descriptor], path: path.text, own: path)
    }
}
