internal import Dispatch
internal import Synchronization

/// Where lines end up: a file, or standard error. Called by one thread at a time, which it may hold up.
public protocol LineSink: Sendable {
    /// Writes whole lines, of which there are `count`. What cannot be written is the sink's to tell.
    func write(_ lines: [UInt8], count: Int)
    /// Says in its own format how many lines there was no room for.
    func write(lost count: Int)
}

/// Writes lines one after the other on a thread of its own: a full disk or a pipe that nobody reads holds up neither the
/// event loop nor anybody who waits for a token. The queue is bounded, and what has no room in it is counted.
public final class LineWriter: Sendable {
    public enum Weight: Sendable {
        /// One of many: written together with those that come within a moment.
        case routine
        /// Written at once, and kept room for.
        case important
    }

    private enum Schedule { case later, now }

    private struct State {
        var lines: [@Sendable () -> [UInt8]] = []
        var lost = 0
        var schedule: Schedule?
    }

    /// A line is made on the writer's thread, from a record of some hundred bytes.
    private static let capacity = 8192
    private static let routineCapacity = 6144
    /// Of one write(2), about: enough to make its cost small.
    private static let portion = 64 * 1024
    /// A wake-up of a thread costs as much as a token, so there are no more than twenty of them a second.
    private static let gathering = DispatchTimeInterval.milliseconds(50)

    private let sink: any LineSink
    private let queue: DispatchQueue
    private let state = Mutex(State())

    public init(_ sink: any LineSink, label: String) {
        self.sink = sink
        queue = DispatchQueue(label: label)
    }

    /// Has a line written that `make` makes, with its line break. Waits for nothing.
    public func add(_ weight: Weight, _ make: @escaping @Sendable () -> [UInt8]) {
        let schedule = state.withLock { state -> Schedule? in
            guard state.lines.count < (weight == .routine ? Self.routineCapacity : Self.capacity) else {
                state.lost += 1
                return nil
            }
            state.lines.append(make)
            let wanted: Schedule = weight == .routine ? .later : .now
            guard state.schedule != .now, state.schedule != wanted else { return nil }
            state.schedule = wanted
            return wanted
        }
        switch schedule {
        case .later: queue.asyncAfter(deadline: .now() + Self.gathering) { self.drain() }
        case .now: queue.async { self.drain() }
        case nil: break
        }
    }

    /// Waits until what is there is written, or the time is over.
    public func flush(within limit: Duration) {
        let done = DispatchSemaphore(value: 0)
        queue.async {
            self.drain()
            done.signal()
        }
        _ = done.wait(timeout: .now() + .milliseconds(Int(limit / .milliseconds(1))))
    }

    private func drain() {
        while true {
            let (lines, lost) = state.withLock { state in
                defer {
                    state.lines = []
                    state.lost = 0
                    state.schedule = nil
                }
                return (state.lines, state.lost)
            }
            if lines.isEmpty && lost == 0 { return }
            var bytes: [UInt8] = []
            var count = 0
            for line in lines {
                bytes += line()
                count += 1
                guard bytes.count >= Self.portion else { continue }
                sink.write(bytes, count: count)
                (bytes, count) = ([], 0)
            }
            if count > 0 { sink.write(bytes, count: count) }
            if lost > 0 { sink.write(lost: lost) }
        }
    }
}
