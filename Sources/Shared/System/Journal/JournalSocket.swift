internal import Glibc

/// The journal's socket for native entries. Not connected, so that an entry reaches the next journal, too, when systemd
/// creates the socket anew.
public final class JournalSocket: Sendable {
    /// Where systemd has it on every machine.
    public static let path = "/run/systemd/journal/socket"

    private let path: String
    private let socket: Descriptor

    /// How long an entry waits for room in the socket: a journal that is restarted needs less, and one that hangs takes
    /// no line at all.
    private static let patience = timeval(tv_sec: 1, tv_usec: 0)

    /// `nil` if no socket can be created.
    public init?(path: String = JournalSocket.path) {
        self.path = path
        let raw = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { return nil }
        socket = Descriptor(owning: raw)
        var patience = Self.patience
        _ = setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends an entry. Returns whether the journal has it: not if its socket is gone, or the entry is too long for a
    /// datagram.
    ///
    /// `entry`: the bytes of a `JournalEntry`.
    public func send(_ entry: [UInt8]) -> Bool {
        guard let address = try? SocketAddress(path) else { return false }
        return entry.withUnsafeBytes { bytes in
            SystemCall.uninterrupted { () -> Int in
                Int(
                    address.call(
                        { descriptor, address, length in
                            Int32(
                                clamping: sendto(
                                    descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), address,
                                    length))
                        }, socket.raw))
            } == bytes.count
        }
    }

    /// Whether the descriptor is the stream to the journal that systemd announces in `JOURNAL_STREAM` (systemd.exec(5)).
    /// A descriptor that was redirected since is not.
    public static func isStream(_ descriptor: Int32, _ environment: [String: String]) -> Bool {
        let numbers = (environment["JOURNAL_STREAM"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        var status = stat()
        guard numbers.count == 2, let device = UInt64(numbers[0]), let number = UInt64(numbers[1]),
            fstat(descriptor, &status) == 0
        else { return false }
        return UInt64(status.st_dev) == device && UInt64(status.st_ino) == number
    }
}
