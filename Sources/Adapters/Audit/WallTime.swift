internal import Glibc

/// A moment of the wall clock, for log lines.
public struct WallTime: Equatable, Sendable {
    public var seconds: Int
    public var milliseconds: Int

    public init(seconds: Int, milliseconds: Int = 0) {
        self.seconds = seconds
        self.milliseconds = milliseconds
    }

    public static var now: WallTime {
        var time = timespec()
        _ = clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    /// The time in UTC, as RFC 3339 text.
    public var text: String {
        var seconds = seconds
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "\(seconds)" }
        func padded(_ number: Int32, _ width: Int = 2) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        let time = "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
        return "\(date)T\(time).\(padded(Int32(milliseconds), 3))Z"
    }
}
