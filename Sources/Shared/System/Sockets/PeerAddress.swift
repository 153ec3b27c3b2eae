internal import Glibc

/// The address that the other end of a Unix socket has bound.
public enum PeerAddress {
    /// Returns the name in the abstract namespace (unix(7)), without its leading zero byte; `nil` if the peer has none.
    /// Any process can bind any free name.
    public static func abstractName(of descriptor: Int32) -> String? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
        }
        let head = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        guard result == 0, Int(length) > head + 1, Int(length) <= MemoryLayout<sockaddr_un>.size else { return nil }
        return withUnsafeBytes(of: address.sun_path) { bytes in
            let name = bytes.prefix(Int(length) - head)
            guard name.first == 0 else { return nil }
            return String(validating: name.dropFirst(), as: UTF8.self)
        }
    }
}
