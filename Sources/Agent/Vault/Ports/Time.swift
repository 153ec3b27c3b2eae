internal import Glibc

/// The port for time, which tests set by hand.
public protocol Time: Sendable {
    /// Includes time in suspend and never steps: CLOCK_BOOTTIME on Linux. Every expiry is counted on it.
    var now: ContinuousClock.Instant { get }
    /// Seconds since 1970, for display and for records that outlive a boot.
    var wall: Int { get }
    func sleep(until instant: ContinuousClock.Instant) async throws(CancellationError)
}

extension Time {
    /// Converts an instant to wall-clock seconds since 1970.
    public func wall(at instant: ContinuousClock.Instant) -> Int { wall + Int((instant - now).components.seconds) }
}

public struct SystemTime: Time {
    public init() {}

    public var now: ContinuousClock.Instant { ContinuousClock.now }
    public var wall: Int { time(nil) }

    public func sleep(until instant: ContinuousClock.Instant) async throws(CancellationError) {
        do { try await Task.sleep(until: instant, clock: .continuous) } catch { throw CancellationError() }
    }
}
