internal import Glibc

/// A path as the address of a Unix socket (unix(7)). AuthagentClient has its own: other packages compile it without
/// System.
struct SocketAddress {
    /// Bytes of the longest path: `sockaddr_un` holds 108, the last of them zero.
    static let longestPath = 107

    let path: String

    init(_ path: String) throws(LocalSocketError) {
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw .unusablePath(
                "the socket path is not absolute: \(path)", hint: "set AUTHAGENT_SOCK to a path that starts with /")
        }
        guard path.utf8.count <= Self.longestPath else {
            throw .unusablePath(
                "the socket path is longer than \(Self.longestPath) bytes: \(path)",
                hint: "set AUTHAGENT_SOCK or XDG_RUNTIME_DIR to a shorter path")
        }
        self.path = path
    }

    /// Calls connect(2) or bind(2) with the address.
    func call(_ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
