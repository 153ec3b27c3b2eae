package import Glibc

/// The client's end of the agent's socket. One thread uses it, any other may end it. Trusts only this user's own agent,
/// root's, or one whose owner the path guarantees.
package final class AgentSocket: Sendable {
    package let raw: Int32

    /// In seconds: less than the 10 s that a client waits for an answer; an agent accepts within microseconds.
    package static let patience = 5

    package convenience init(connectedTo path: SocketPath, within limit: Duration) throws(AgentClientError) {
        let (seconds, attoseconds) = limit.components
        try self.init(
            connectedTo: AgentAddress(path),
            within: timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000)))
    }

    package convenience init(connectedTo path: SocketPath) throws(AgentClientError) {
        try self.init(connectedTo: AgentAddress(path))
    }

    /// Connects to an agent of this user or root, or one whose socket only root and its own user could create
    /// (`SocketPath.isKept`). A full queue throws `notAnswering` after `limit`, which also bounds each send.
    package init(
        connectedTo address: AgentAddress, within limit: timeval = timeval(tv_sec: patience, tv_usec: 0)
    ) throws(AgentClientError) {
        raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw Self.failure("socket", address, errno) }
        var limit = limit
        guard setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size)) == 0 else {
            throw Self.failure("setsockopt", address, errno)
        }
        guard address.connect(raw) == 0 else {
            let code = errno
            switch code {
            case ENOENT, ECONNREFUSED: throw .notListening(address.text)
            // connect(2) on a Unix socket waits for room in the queue, up to the send timeout.
            case EAGAIN: throw .notAnswering(address.text)
            default: throw Self.failure("connect", address, code)
            }
        }
        let server = try Self.serverUser(raw, address)
        guard server == geteuid() || server == 0 || Self.isKept(address, by: server) else {
            throw .foreignServer(address.text, user: server)
        }
    }

    private static func isKept(_ address: AgentAddress, by user: UInt32) -> Bool {
        (try? SocketPath(address.text))?.isKept(by: user) ?? false
    }

    private static func failure(_ call: String, _ address: AgentAddress, _ code: Int32) -> AgentClientError {
        .system(call: call, path: address.text, errno: code)
    }

    // Also runs after a failed connect, because all properties are set by then.
    deinit { if raw >= 0 { _ = close(raw) } }

    /// Ends the connection for a blocked reader. The descriptor stays open, so that its number is not reused.
    package func hangUp() { shutdown(raw, Int32(SHUT_RDWR)) }

    /// Whether the peer is connected and has sent nothing: unsolicited data does not answer a request.
    package var isQuiet: Bool {
        var look = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        return poll(&look, 1, 0) == 0
    }

    /// Returns the listener's user, fixed by the kernel at listen(2) (unix(7), SO_PEERCRED).
    private static func serverUser(_ descriptor: Int32, _ address: AgentAddress) throws(AgentClientError) -> UInt32 {
        // `struct ucred` is not in Glibc's module: pid, uid, gid.
        var credentials: (pid: Int32, user: UInt32, group: UInt32) = (0, .max, .max)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else {
            throw failure("getsockopt", address, errno)
        }
        return credentials.user
    }
}

extension SocketPath {
    /// Calls connect(2) or bind(2) with the path as the address.
    package func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
