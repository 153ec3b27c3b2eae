internal import Glibc

/// System calls that continue after a signal (EINTR, signal(7)) and after a partial transfer.
///
/// AuthagentClient has its own, because other packages compile it without System; so has authagent-keyring, which links
/// nothing that it does not need.
public enum SystemCall {
    /// Repeats the call while a signal interrupts it.
    public static func uninterrupted<Value: SignedInteger>(_ call: () -> Value) -> Value {
        while true {
            let value = call()
            guard value < 0, errno == EINTR else { return value }
        }
    }

    /// Fills the buffer as far as the file goes. Returns the number of bytes, or -1 with `errno`.
    public static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var count = 0
        while count < buffer.count {
            let got = uninterrupted {
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            guard got >= 0 else { return -1 }
            if got == 0 { break }
            count += got
        }
        return count
    }

    /// Appends the rest of the file to `bytes`, at most `limit` bytes. Returns the error number, `nil` on success; what
    /// was read before an error is kept.
    ///
    /// `milliseconds`: the time left, as of poll(2); ETIMEDOUT once no bytes arrive within it.
    public static func readAll(
        _ descriptor: Int32, into bytes: inout [UInt8], limit: Int, within milliseconds: (() -> Int32)? = nil
    ) -> Int32? {
        let end = bytes.count + limit
        var part = [UInt8](repeating: 0, count: min(limit, longestPart))
        while bytes.count < end {
            if let milliseconds {
                var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let ready = uninterrupted { poll(&wait, 1, milliseconds()) }
                guard ready > 0 else { return ready < 0 ? errno : ETIMEDOUT }
            }
            let got = uninterrupted { Glibc.read(descriptor, &part, min(part.count, end - bytes.count)) }
            guard got >= 0 else { return errno }
            if got == 0 { break }
            bytes += part.prefix(got)
        }
        return nil
    }

    /// Large enough for nearly every file at once, small enough to fill with zeros for each.
    private static let longestPart = 16 * 1024

    /// The end of a write: the error number is `nil` if all bytes were written.
    public struct Written {
        public var count: Int
        public var error: Int32?
    }

    /// Writes all bytes, from the descriptor's offset on or from `offset`.
    ///
    /// `waitsForRoom`: for a pipe or terminal that another process may have set to O_NONBLOCK.
    public static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int? = nil, waitsForRoom: Bool = false
    ) -> Written {
        var count = 0
        while count < bytes.count {
            let start = bytes.baseAddress.map { $0 + count }
            let left = bytes.count - count
            let got = uninterrupted {
                if let offset { return pwrite(descriptor, start, left, off_t(offset + count)) }
                return write(descriptor, start, left)
            }
            if got < 0, errno == EAGAIN, waitsForRoom {
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&room, 1, -1)
                continue
            }
            guard got > 0 else { return Written(count: count, error: got < 0 ? errno : EIO) }
            count += got
        }
        return Written(count: count, error: nil)
    }
}
