public import AuthagentClient
internal import Glibc

/// The agent's end of its socket.
public enum LocalSocket {
    /// Listens with mode 0600 in a private directory, or with 0660 in one that a group may enter. Removes the socket of
    /// an agent that has ended, but never a live one.
    public static func listen(at path: SocketPath, group: UInt32? = nil) throws(LocalSocketError) -> Descriptor {
        try PrivateDirectory.prepare(path.directory, group: group)
        try removeStale(path)
        let descriptor = try stream(path)
        // Set before bind(2), which applies the unbound socket's mode, so that others cannot connect in between.
        // umask(2) would affect the whole process.
        guard fchmod(descriptor.raw, 0o600) == 0 else {
            throw .system(call: "fchmod", path: path.text, errno: errno)
        }
        guard path.call(Glibc.bind, descriptor.raw) == 0 else {
            throw errno == EADDRINUSE
                ? .inUse(path.text) : .system(call: "bind", path: path.text, errno: errno)
        }
        if let group {
            // The group before the mode, in a directory where other users cannot create names.
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

    /// For a thousand cron jobs starting in the same second; the kernel limits this to net.core.somaxconn.
    private static let backlog: Int32 = 4096

    private static func removeStale(_ path: SocketPath) throws(LocalSocketError) {
        var status = stat()
        guard lstat(path.text, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path.text) }
        do throws(AgentClientError) {
            _ = try AgentSocket(connectedTo: path)
        } catch .notListening {
            guard unlink(path.text) == 0 || errno == ENOENT else {
                if errno == EBUSY { throw .mountedSocket(path.text) }
                throw .system(call: "unlink", path: path.text, errno: errno)
            }
            return
        } catch {
            throw .client(error)
        }
        throw .inUse(path.text)
    }

    private static func stream(_ path: SocketPath) throws(LocalSocketError) -> Descriptor {
        let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw .system(call: "socket", path: path.text, errno: errno) }
        return Descriptor(owning: raw)
    }
}
