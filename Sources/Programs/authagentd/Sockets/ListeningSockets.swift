internal import AuthagentClient
internal import Glibc
internal import System

/// The sockets to serve: those that systemd passes, else our own.
struct ListeningSockets {
    let descriptors: [Int32]
    /// Where clients find the first of them.
    let path: String
    /// The path of a socket that is ours to keep. What systemd passes is systemd's.
    let own: SocketPath?
    /// Who may connect to it besides this user.
    let group: UInt32?

    /// What systemd passes has the group that its unit says.
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
