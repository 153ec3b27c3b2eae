internal import AuthagentClient
internal import Glibc
internal import System

/// The listening sockets: those that systemd passes, else one that the daemon creates.
struct ListeningSockets {
    let descriptors: [Int32]
    /// Those for systemd's LoadCredential=, which do not speak HTTP.
    let credentials: [Int32]
    /// The path of the first socket.
    let path: String
    /// The path of the daemon's own socket; `nil` if systemd manages the sockets.
    let own: SocketPath?
    /// The group that may connect to the daemon's own socket.
    let group: UInt32?

    /// FileDescriptorName= of authagent-credential.socket.
    private static let credentialName = "credential"

    /// Opens the sockets. `group` applies to the daemon's own socket only; a systemd unit has SocketGroup=.
    static func open(environment: [String: String], group: UInt32?) throws(LocalSocketError) -> ListeningSockets {
        let inherited = try LocalSocket.inherited(environment: environment)
        let credentials = inherited.filter { $0.name == credentialName }.map(\.descriptor)
        let others = inherited.map(\.descriptor).filter { !credentials.contains($0) }
        if let first = others.first {
            return ListeningSockets(
                descriptors: others, credentials: credentials, path: LocalSocket.path(of: first), own: nil, group: nil)
        }
        let path: SocketPath
        do throws(AgentClientError) {
            path = try SocketPath.resolve(environment: environment, user: getuid())
        } catch {
            throw .unusablePath(error.description, hint: error.hint ?? "see authagentd(8)")
        }
        let descriptor = try LocalSocket.listen(at: path.text, group: group).consumeRaw()
        return ListeningSockets(
            descriptors: [descriptor], credentials: credentials, path: path.text, own: path, group: group)
    }
}
