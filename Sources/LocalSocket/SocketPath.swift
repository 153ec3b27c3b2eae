internal import Glibc

/// Where the agent's socket is: the client and the daemon come to the same answer from the same environment.
public struct SocketPath: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public var description: String { text }

    /// The directory that guards the socket.
    public var directory: String {
        text.lastIndex(of: "/").map { $0 == text.startIndex ? "/" : String(text[..<$0]) } ?? "."
    }

    /// sockaddr_un holds 108 bytes, the last of them zero (unix(7)).
    public static let longest = 107

    public init(_ text: String) throws(LocalSocketError) {
        guard text.utf8.first == UInt8(ascii: "/") else { throw .pathNotAbsolute(text) }
        guard text.utf8.count <= Self.longest else { throw .pathTooLong(text, limit: Self.longest) }
        self.text = text
    }

    /// `AUTHAGENT_SOCK`, else `$XDG_RUNTIME_DIR/authagent/agent.sock`, else the same in /run/user/UID where that is,
    /// else /tmp/authagent-UID/agent.sock.
    ///
    /// The last is in a directory that anybody could have made first, which is why a directory is checked before use.
    public static func resolve(
        environment: [String: String], user: UInt32
    ) throws(LocalSocketError) -> SocketPath {
        if let path = environment["AUTHAGENT_SOCK"], !path.isEmpty { return try SocketPath(path) }
        if let runtime = environment["XDG_RUNTIME_DIR"], !runtime.isEmpty {
            return try SocketPath(runtime + "/authagent/agent.sock")
        }
        var status = stat()
        let runtime = "/run/user/\(user)"
        if lstat(runtime, &status) == 0, status.st_uid == user {
            return try SocketPath(runtime + "/authagent/agent.sock")
        }
        return try SocketPath("/tmp/authagent-\(user)/agent.sock")
    }
}
