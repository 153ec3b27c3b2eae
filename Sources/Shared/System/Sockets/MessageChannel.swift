internal import CLinux
internal import Glibc

/// One end of a connection on which a message arrives whole or not at all, with at most one open file (unix(7),
/// SOCK_SEQPACKET).
public final class MessageChannel: Sendable {
    private let end: Descriptor

    init(_ end: consuming Descriptor) { self.end = end }

    /// Creates two connected ends; `nil` with `errno` if descriptors are exhausted.
    public static func pair() -> (MessageChannel, MessageChannel)? {
        var ends: [Int32] = [-1, -1]
        guard clinux_packet_pair(&ends) == 0 else { return nil }
        return (MessageChannel(Descriptor(owning: ends[0])), MessageChannel(Descriptor(owning: ends[1])))
    }

    /// Sends a message, and a copy of the descriptor of a file. Returns an error number; `nil` on success.
    ///
    /// `waits`: whether it waits for an end that does not read; otherwise the error is EAGAIN.
    public func send(_ bytes: [UInt8], file: Int32 = -1, waits: Bool) -> Int32? {
        let code = bytes.withUnsafeBytes { clinux_send_packet(end.raw, $0.baseAddress, $0.count, file, waits ? 1 : 0) }
        return code == 0 ? nil : code
    }

    /// Waits for a message, at most of `limit` bytes. Returns `nil` at the end of the connection, and if a message is
    /// longer or has several files: then the other end is not what it should be.
    public func receive(limit: Int) -> Received? {
        var file: Int32 = -1
        // Not filled with zeros: the pages would be in memory as long as the thread waits.
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = max(0, clinux_receive_packet(end.raw, buffer.baseAddress, limit, &file))
        }
        let descriptor = file >= 0 ? Descriptor(owning: file) : nil
        return bytes.isEmpty ? nil : Received(bytes: bytes, file: descriptor)
    }

    /// A message.
    public struct Received: ~Copyable {
        public let bytes: [UInt8]
        public var file: Descriptor?

        /// Takes the file out.
        public mutating func takeFile() -> Descriptor? { file.take() }
    }

    /// Whether the other end is closed. Does not wait.
    public var hasEnded: Bool {
        var state = pollfd(fd: end.raw, events: 0, revents: 0)
        return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLHUP) != 0
    }

    /// Ends the connection for both ends: a thread that waits in `receive` returns.
    public func close() { _ = shutdown(end.raw, Int32(SHUT_RDWR)) }
}
