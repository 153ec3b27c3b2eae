internal import Glibc

extension LocalSocket {
    /// Whether a process listens at the path, according to the kernel (proc(5), net/unix). Connecting instead
    /// would start the service of a systemd socket.
    public static func isListening(at path: String) -> Bool {
        // Not /proc/net, which a unit with ProcSubset=pid lacks.
        let descriptor = open("/proc/self/net/unix", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        let table = Descriptor(owning: descriptor)
        var bytes: [UInt8] = []
        _ = SystemCall.readAll(table.raw, into: &bytes, limit: longestTable)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
            let fields = line.split(separator: " ", maxSplits: 7)
            guard fields.count == 8, fields[7] == path, let flags = UInt32(fields[3], radix: 16) else {
                return false
            }
            return flags & acceptsConnections != 0
        }
    }

    /// The kernel's `__SO_ACCEPTCON`.
    private static let acceptsConnections: UInt32 = 1 << 16
    /// Room for tens of thousands of sockets.
    private static let longestTable = 16 << 20
}
