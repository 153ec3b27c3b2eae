internal import CLinux
internal import Glibc

/// The agent's end of its socket.
public enum LocalSocket {
    /// Listens with mode 0600 in a private directory, or with 0660 in one that a group may enter. Removes the socket of
    /// an agent that has ended, but never a live one.
    public static func listen(at path: String, group: UInt32? = nil) throws(LocalSocketError) -> Descriptor {
        let address = try SocketAddress(path)
        try PrivateDirectory.prepare(PrivateDirectory.parent(of: path), group: group)
        try removeStale(address)
        let descriptor = try stream(path)
        // Set before bind(2), which applies the unbound socket's mode, so that others cannot connect in between.
        // umask(2) would affect the whole process.
        guard fchmod(descriptor.raw, 0o600) == 0 else {
            throw .system(call: "fchmod", path: path, errno: errno)
        }
        guard address.call(Glibc.bind, descriptor.raw) == 0 else {
            throw errno == EADDRINUSE
                ? .inUse(path) : .system(call: "bind", path: path, errno: errno)
        }
        if let group {
            // The group before the mode, in a directory where other users cannot create names.
            guard lchown(path, uid_t.max, group) == 0 else {
                throw errno == EPERM
                    ? .notInGroup(group) : .system(call: "chown", path: path, errno: errno)
            }
            guard chmod(path, 0o660) == 0 else {
                throw .system(call: "chmod", path: path, errno: errno)
            }
        }
        guard Glibc.listen(descriptor.raw, backlog) == 0 else {
            throw .system(call: "listen", path: path, errno: errno)
        }
        return descriptor
    }

    /// For a thousand cron jobs starting in the same second; the kernel limits this to net.core.somaxconn.
    private static let backlog: Int32 = 4096

    /// Accepts a connection, close-on-exec and non-blocking; a negative number with `errno` set if there is none.
    public static func accept(_ listener: Int32) -> Int32 { clinux_accept_nonblocking(listener) }

    private static func removeStale(_ address: SocketAddress) throws(LocalSocketError) {
        let path = address.path
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        let probe = try stream(path)
        // connect(2) waits for room in a full queue as long as a send may take (unix(7)).
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        guard setsockopt(probe.raw, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size)) == 0
        else {
            throw .system(call: "setsockopt", path: path, errno: errno)
        }
        if address.call(Glibc.connect, probe.raw) == 0 {
            let listener = try PeerCredentials(of: probe.raw, path: path)
            throw listener.user == geteuid() || listener.user == 0
                ? .inUse(path) : .foreignListener(path, user: listener.user)
        }
        switch errno {
        case ENOENT, ECONNREFUSED:
            guard unlink(path) == 0 || errno == ENOENT else {
                if errno == EBUSY { throw .mountedSocket(path) }
                throw .system(call: "unlink", path: path, errno: errno)
            }
        case EAGAIN: throw .notAnswering(path)
        case let code: throw .system(call: "connect", path: path, errno: code)
        }
    }

    private static func stream(_ path: String) throws(LocalSocketError) -> Descriptor {
        let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw .system(call: "socket", path: path, errno: errno) }
        return Descriptor(owning: raw)
    }
}
