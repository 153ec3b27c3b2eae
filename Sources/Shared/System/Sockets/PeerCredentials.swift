internal import CLinux
internal import Glibc

/// The process at the other end of a Unix socket, as the kernel reports it (unix(7), SO_PEERCRED). AuthagentClient has its
/// own: other packages compile it without System.
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

    /// Writes the supplementary groups of the process at the other end (SO_PEERGROUPS, Linux 4.13); returns how many there
    /// are, which may be more than there is room for, or a negative number.
    public static func groups(of descriptor: Int32, into buffer: UnsafeMutableBufferPointer<UInt32>) -> Int32 {
        clinux_peer_groups(descriptor, buffer.baseAddress, Int32(buffer.count))
    }
}
