internal import AuthagentClient
internal import Glibc
internal import System

/// The listening sockets: those that systemd passes, else one that the daemon creates.
struct ListeningSockets {
    let descriptors: [Int32]
    /// The path of the first socket.
    let path: String
    /// The path of the daemon's own socket; `nil` if systemd manages the sockets.
    let own: SocketPath?
    /// The group that may connect to the daemon's own socket.
    let group: UInt32?

    /// Opens the sockets. `group` applies to the daemon's own socket only; a systemd unit has SocketGroup=.
    static func open(environment: [String: String], group: UInt32?) throws(LocalSocketError) -> ListeningSockets {
        let inherited = try LocalSocket.inherited(environment: environment)
        if let first = inherited.first {
            return ListeningSockets(descriptors: inherited, path: LocalSocket.path(of: first), own: nil, group: nil)
        }
        let path: SocketPath
        do throws(AgentClientError) {
            path = try SocketPath.resolve(environment: environment, user: getuid())
        } catch {
            throw .unusablePath(error.description, hint: error.hint ?? "see authagentd(8)")
        }
        let descriptor = try LocalSocket.listen(at: path.text, group: group).consumeRaw()
        return ListeningSockets(descriptors: [descriptor], path: path.text, own: path, group: group)
    }
}
