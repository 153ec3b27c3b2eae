internal import Glibc
internal import KeyringProtocol
internal import SecretMemory
internal import System

/// The agent's end of the connection to a keyring helper: reads and writes whole frames, with a deadline.
///
/// Blocks, so it runs on a thread of its own. Only `cancel` may be called from other threads. Its loops are its own,
/// because each step has the deadline and each buffer is wiped.
final class HelperChannel: Sendable {
    enum Failure: Error {
        /// The other end is closed: the helper has ended or is about to.
        case ended
        case timedOut
        /// The bytes are not a frame of the announced size.
        case notUnderstood
    }

    private let socket: Descriptor

    /// Bytes read at once, so that a false length in a frame cannot allocate more memory than arrives.
    private static let chunk = 64 * 1024

    init(_ socket: consuming Descriptor) { self.socket = socket }

    /// Ends pending reads and writes.
    func cancel() { _ = shutdown(socket.raw, Int32(SHUT_RDWR)) }

    func send(_ message: WipedBytes, until deadline: ContinuousClock.Instant) throws(Failure) {
        try sendAll(WipedBytes(KeyringFrame.header(of: message.count)), until: deadline)
        try sendAll(message, until: deadline)
    }

    func receive(limit: Int, until deadline: ContinuousClock.Instant) throws(Failure) -> WipedBytes {
        let header = try receive(count: KeyringFrame.headerSize, until: deadline)
        guard let length = KeyringFrame.length(header, limit: limit) else { throw .notUnderstood }
        return try receive(count: length, until: deadline)
    }

    private func sendAll(_ bytes: WipedBytes, until deadline: ContinuousClock.Instant) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            try wait(for: POLLOUT, until: deadline)
            // A helper that has ended causes an error here, not SIGPIPE.
            let count = bytes.withBytes {
                Glibc.send(
                    socket.raw, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else { throw .ended }
            sent += count
        }
    }

    private func receive(
        count wanted: Int, until deadline: ContinuousClock.Instant
    ) throws(Failure) -> WipedBytes {
        var bytes = WipedBytes()
        var chunk = WipedBuffer(size: min(max(wanted, 1), Self.chunk))
        while bytes.count < wanted {
            try wait(for: POLLIN, until: deadline)
            let count = chunk.withBytes {
                recv(socket.raw, $0.baseAddress, min($0.count, wanted - bytes.count), Int32(MSG_DONTWAIT))
            }
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else { throw .ended }
            chunk.withBytes { bytes.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        }
        return bytes
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws(Failure) {
        var socket = pollfd(fd: socket.raw, events: Int16(events), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw .timedOut }
            let ready = poll(&socket, 1, left.roundedUpMilliseconds)
            if ready > 0 { return }
            if ready < 0 && errno != EINTR { throw .ended }
        }
    }
}

extension Duration {
    /// Milliseconds for poll(2), rounded up so that a remainder below 1 ms does not become 0.
    var roundedUpMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
