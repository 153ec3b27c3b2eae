internal import Glibc

/// A listening socket that systemd has passed.
public struct InheritedSocket: Equatable, Sendable {
    public let descriptor: Int32
    /// FileDescriptorName= of its unit; `nil` if systemd has named none.
    public let name: String?
}

extension LocalSocket {
    /// The first descriptor that systemd passes (sd_listen_fds(3)).
    private static let firstInherited: Int32 = 3

    /// Returns the listening sockets passed by systemd in LISTEN_FDS; empty if there are none for this process.
    public static func inherited(environment: [String: String]) throws(LocalSocketError) -> [InheritedSocket] {
        guard let pid = environment["LISTEN_PID"].flatMap({ Int32($0) }), pid == getpid(),
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), (1...64).contains(count)
        else { return [] }
        // sd_listen_fds_with_names(3): one name for each descriptor, with colons between them.
        let names = environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        var sockets: [InheritedSocket] = []
        for (index, descriptor) in (firstInherited..<(firstInherited + count)).enumerated() {
            guard option(SO_DOMAIN, of: descriptor) == AF_UNIX, option(SO_ACCEPTCONN, of: descriptor) == 1,
                fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
            else { throw .inheritedDescriptor(descriptor) }
            sockets.append(
                InheritedSocket(descriptor: descriptor, name: names.count == Int(count) ? String(names[index]) : nil))
        }
        return sockets
    }

    /// Returns the path that a listening socket is bound to; empty if there is none.
    public static func path(of descriptor: Int32) -> String {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return "" }
        return withUnsafeBytes(of: address.sun_path) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
