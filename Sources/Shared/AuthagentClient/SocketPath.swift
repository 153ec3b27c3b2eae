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

    public init(_ text: String) throws(AgentClientError) {
        guard text.utf8.first == UInt8(ascii: "/") else { throw .pathNotAbsolute(text) }
        guard text.utf8.count <= Self.longest else { throw .pathTooLong(text, limit: Self.longest) }
        self.text = text
    }

    /// `AUTHAGENT_SOCK`, else `$XDG_RUNTIME_DIR/authagent/agent.sock`, else the same in /run/user/UID where that is,
    /// else /tmp/authagent-UID/agent.sock.
    ///
    /// The last is in a directory that anybody could have made first, which is why a directory is checked before use.
    public static func resolve(environment: [String: String], user: UInt32) throws(AgentClientError) -> SocketPath {
        try resolve(user: user) { environment[$0] }
    }

    /// Of this process's user and environment, of which no more is read than it takes.
    public static func resolve() throws(AgentClientError) -> SocketPath {
        try resolve(user: geteuid()) { name in getenv(name).map { String(cString: $0) } }
    }

    private static func resolve(
        user: UInt32, variable: (String) -> String?
    ) throws(AgentClientError) -> SocketPath {
        if let path = variable("AUTHAGENT_SOCK"), !path.isEmpty { return try SocketPath(path) }
        if let runtime = variable("XDG_RUNTIME_DIR"), !runtime.isEmpty {
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
