internal import CLinux
internal import Glibc

/// The process at the other end of a Unix socket, as the kernel reports it (unix(7), SO_PEERCRED).
public struct PeerCredentials: Equatable, Sendable {
    public let pid: Int32
    public let user: UInt32
    public let group: UInt32

    public init(of descriptor: Int32, path: String = "the socket") throws(LocalSocketError) {
        var peer = clinux_peer()
        guard clinux_peer_credentials(descriptor, &peer) == 0 else {
            throw .system(call: "getsockopt", path: path, errno: errno)
        }
        (pid, user, group) = (peer.pid, peer.uid, peer.gid)
    }
}
