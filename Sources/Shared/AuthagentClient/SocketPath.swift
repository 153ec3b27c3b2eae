internal import Glibc

/// The path of the agent's socket. Client and daemon resolve it the same way from the environment.
public struct SocketPath: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public var description: String { text }

    /// The directory that protects the socket.
    public var directory: String {
        text.lastIndex(of: "/").map { $0 == text.startIndex ? "/" : String(text[..<$0]) } ?? "."
    }

    /// sockaddr_un has 108 bytes including the final zero (unix(7)).
    public static let longest = 107

    public init(_ text: String) throws(AgentClientError) {
        guard text.utf8.first == UInt8(ascii: "/") else { throw .pathNotAbsolute(text) }
        guard text.utf8.count <= Self.longest else { throw .pathTooLong(text, limit: Self.longest) }
        self.text = text
    }

    /// Resolves `AUTHAGENT_SOCK`, else `$XDG_RUNTIME_DIR/authagent/agent.sock`, else the same in /run/user/UID if that
    /// exists, else /tmp/authagent-UID/agent.sock.
    ///
    /// Other users could create the last directory first, so directories are checked before use.
    public static func resolve(environment: [String: String], user: UInt32) throws(AgentClientError) -> SocketPath {
        try resolve(user: user) { environment[$0] }
    }

    /// Resolves the path for this process, reading only the variables it needs.
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
        let runtime = "/run/user/" + String(user)
        if lstat(runtime, &status) == 0, status.st_uid == user {
            return try SocketPath(runtime + "/authagent/agent.sock")
        }
        return try SocketPath("/tmp/authagent-\(user)/agent.sock")
    }
}

extension SocketPath {
    /// The socket of the machine-wide agent (`packaging/systemd/system/authagent.socket`).
    public static let ofTheSystem = "/run/authagent/agent.sock"

    /// Whether only root and this user could create the socket: others cannot write to its directory or those above.
    /// This identifies the agent's user; it does not mean that root chose the path (a home directory qualifies, too).
    public func isKept(by user: UInt32) -> Bool { keeper == user }

    /// Whether `isKept(by:)` holds for the socket's owner.
    public var isKept: Bool { keeper != nil }

    /// Whether starting an agent here is left to another user.
    public func isOthers(than user: UInt32) -> Bool {
        if text == Self.ofTheSystem { return true }
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_uid != user else { return false }
        // An unsafe directory of another user is not usable either, but has another remedy.
        return isDirectoryKept(by: status.st_uid)
    }

    private var keeper: UInt32? {
        var status = stat()
        guard lstat(text, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, isDirectoryKept(by: status.st_uid) else {
            return nil
        }
        return status.st_uid
    }

    /// Refuses symbolic links on the way, and sticky directories such as /tmp, where all users can create missing
    /// names.
    private func isDirectoryKept(by user: UInt32) -> Bool {
        // A link would let another path decide what a name means.
        let names = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if names.contains(where: { ["", ".", ".."].contains($0) }) { return false }
        var path = directory
        var owners: [UInt32] = [0, user]
        while true {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, owners.contains(status.st_uid),
                status.st_mode & 0o022 == 0
            else { return false }
            if path == "/" { return true }
            path = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "/"
            owners = [0]
        }
    }
}
