internal import Glibc
internal import KeyringRecords
internal import LocalSocket
internal import SecretMemory

/// The agent's end of the connection to a keyring helper: whole frames, none after the deadline.
///
/// Blocks, so it is used on a thread of its own. Only `cancel` may be called from elsewhere.
final class HelperChannel: Sendable {
    enum Failure: Error {
        /// The other end is closed: the helper has ended, or is about to.
        case ended
        case timedOut
        /// What came is not a frame of the announced size.
        case notUnderstood
    }

    private let socket: Descriptor
    let deadline: ContinuousClock.Instant

    /// As much as is read at once: a hostile helper costs no more memory than it fills.
    private static let chunk = 64 * 1024

    init(_ socket: consuming Descriptor, until deadline: ContinuousClock.Instant) {
        self.socket = socket
        self.deadline = deadline
    }

    /// Ends what is waited for here.
    func cancel() { _ = shutdown(socket.raw, Int32(SHUT_RDWR)) }

    func send(_ message: WipedBytes) throws(Failure) {
        try sendAll(WipedBytes(KeyringFrame.header(of: message.count)))
        try sendAll(message)
    }

    func receive(limit: Int) throws(Failure) -> WipedBytes {
        guard let length = KeyringFrame.length(try receive(count: KeyringFrame.headerSize), limit: limit) else {
            throw .notUnderstood
        }
        return try receive(count: length)
    }

    private func sendAll(_ bytes: WipedBytes) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            try wait(for: POLLOUT)
            // A helper that has ended is an error here and not a signal.
            let count = bytes.withBytes {
                Glibc.send(
                    socket.raw, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else { throw .ended }
            sent += count
        }
    }

    private func receive(count wanted: Int) throws(Failure) -> WipedBytes {
        var bytes = WipedBytes()
        var chunk = WipedBuffer(size: min(max(wanted, 1), Self.chunk))
        while bytes.count < wanted {
            try wait(for: POLLIN)
            let count = chunk.withBytes {
                recv(socket.raw, $0.baseAddress, min($0.count, wanted - bytes.count), Int32(MSG_DONTWAIT))
            }
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else { throw .ended }
            chunk.withBytes { bytes.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        }
        return bytes
    }

    private func wait(for events: Int32) throws(Failure) {
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
    /// For poll(2); not 0 for what is left of a millisecond.
    var roundedUpMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
