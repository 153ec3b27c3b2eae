internal import Glibc

/// A point on CLOCK_BOOTTIME that ends a wait.
package struct Deadline: Sendable {
    /// In nanoseconds. `Instant` builds generic metadata at run time, in every start of a client.
    private let end: Int64

    package init(_ limit: Duration) {
        let (seconds, attoseconds) = limit.components
        end = Self.now + seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Without a `Duration`, which counts in 128 bits.
    package init(seconds: Int) { end = Self.now + Int64(seconds) * 1_000_000_000 }

    /// For poll(2): rounded up, so that no wait ends early; never negative, which would wait without a limit.
    package var milliseconds: Int32 { Int32(clamping: max(0, (end - Self.now + 999_999) / 1_000_000)) }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
