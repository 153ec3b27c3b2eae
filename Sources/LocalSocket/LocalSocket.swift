internal import CLinux
internal import Glibc

/// Unix sockets of the agent: who may listen, and whom a client trusts.
public enum LocalSocket {
    /// Below the 10 s that a client waits for an answer; an agent accepts within microseconds.
    public static let patience: Duration = .seconds(5)

    /// Connects, and makes sure that the agent is this user's own, root's, or one that root has put there
    /// (`SocketPath.isKept`): a token request goes to nobody else.
    /// An agent that hangs throws `notAnswering` once others have filled its queue; the limit is one for each sending
    /// on the connection, too.
    public static func connect(
        to path: SocketPath, within limit: Duration = patience
    ) throws(LocalSocketError) -> Descriptor {
        let descriptor = try stream(path)
        var time = timeval(
            tv_sec: Int(limit.components.seconds),
            tv_usec: Int(limit.components.attoseconds / 1_000_000_000_000)
        )
        guard setsockopt(descriptor.raw, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size)) == 0
        else { throw .system(call: "setsockopt", path: path.text, errno: errno) }
        guard call(Glibc.connect, descriptor.raw, path) == 0 else {
            switch errno {
            case ENOENT, ECONNREFUSED: throw .notListening(path.text)
            // A connect(2) to a Unix socket waits for room in the queue, as long as a sending may take.
            case EAGAIN: throw .notAnswering(path.text)
            default: throw .system(call: "connect", path: path.text, errno: errno)
            }
        }
        let server = try PeerCredentials(of: descriptor.raw, path: path.text)
        guard server.user == geteuid() || server.user == 0 || path.isKept(by: server.user) else {
            throw .foreignServer(path.text, user: server.user)
        }
        return descriptor
    }

    /// Listens with mode 0600 in a private directory, or with 0660 in one that a group may enter. Removes a socket that a
    /// dead agent left, never one that answers.
    public static func listen(at path: SocketPath, group: UInt32? = nil) throws(LocalSocketError) -> Descriptor {
        try PrivateDirectory.prepare(path.directory, group: group)
        try removeStale(path)
        let descriptor = try stream(path)
        // Between bind and chmod others could connect, so the mode is right from the start: bind(2) takes that of the
        // unbound socket. Not umask(2), which would be everybody's for a moment.
        guard fchmod(descriptor.raw, 0o600) == 0 else {
            throw .system(call: "fchmod", path: path.text, errno: errno)
        }
        guard call(Glibc.bind, descriptor.raw, path) == 0 else {
            throw errno == EADDRINUSE
                ? .inUse(path.text) : .system(call: "bind", path: path.text, errno: errno)
        }
        if let group {
            // In this order, and in a directory where nobody else makes names.
            guard lchown(path.text, uid_t.max, group) == 0 else {
                throw errno == EPERM
                    ? .notInGroup(group) : .system(call: "chown", path: path.text, errno: errno)
            }
            guard chmod(path.text, 0o660) == 0 else {
                throw .system(call: "chmod", path: path.text, errno: errno)
            }
        }
        guard Glibc.listen(descriptor.raw, backlog) == 0 else {
            throw .system(call: "listen", path: path.text, errno: errno)
        }
        return descriptor
    }

    /// A thousand jobs of cron start at the same second; the kernel cuts this to net.core.somaxconn.
    private static let backlog: Int32 = 4096

    private static func removeStale(_ path: SocketPath) throws(LocalSocketError) {
        var status = stat()
        guard lstat(path.text, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path.text) }
        do throws(LocalSocketError) {
            _ = try connect(to: path)
        } catch .notListening {
            guard unlink(path.text) == 0 || errno == ENOENT else {
                throw .system(call: "unlink", path: path.text, errno: errno)
            }
            return
        }
        throw .inUse(path.text)
    }

    private static func stream(_ path: SocketPath) throws(LocalSocketError) -> Descriptor {
        let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw .system(call: "socket", path: path.text, errno: errno) }
        return Descriptor(owning: raw)
    }

    /// Calls connect(2) or bind(2) with the path as an address.
    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32, _ path: SocketPath
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.text.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
