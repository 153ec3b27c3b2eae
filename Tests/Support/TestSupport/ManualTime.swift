import Synchronization
public import Vault

/// A clock that a test advances.
public final class ManualTime: Time {
    private struct State {
        var now = ContinuousClock.now
        var wall = 1_800_000_000
        var sleepers: [Int: (until: ContinuousClock.Instant, wake: CheckedContinuation<Void, Never>)] = [:]
        var cancelled: Set<Int> = []
        var nextSleeper = 0
    }

    private let state = Mutex(State())

    public init() {}

    public var now: ContinuousClock.Instant { state.withLock { $0.now } }
    public var wall: Int { state.withLock { $0.wall } }

    /// The number of sleeping tasks.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Whether a task would wake up within this time.
    public func hasSleeper(within duration: Duration) -> Bool {
        state.withLock { state in state.sleepers.values.contains { $0.until <= state.now + duration } }
    }

    /// The number of sleeps so far.
    public var sleepCount: Int { state.withLock { $0.nextSleeper } }

    /// Advances both clocks, including time in suspend.
    public func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.now += duration
            state.wall += Int(duration.components.seconds)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.wake)
        }
        for wake in woken { wake.resume() }
    }

    /// Steps only the wall clock, as NTP does.
    public func stepWall(by seconds: Int) { state.withLock { $0.wall += seconds } }

    public func sleep(until instant: ContinuousClock.Instant) async throws(CancellationError) {
        let id = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { wake in
                let isOver = state.withLock { state in
                    if instant <= state.now || state.cancelled.remove(id) != nil { return true }
                    state.sleepers[id] = (instant, wake)
                    return false
                }
                if isOver { wake.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper
            }
            sleeper?.wake.resume()
        }
        if Task.isCancelled { throw CancellationError() }
    }
}
