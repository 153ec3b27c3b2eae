internal import Dispatch
internal import Synchronization

/// A destination of lines: a file, or standard error. Called by one thread at a time, which it may block.
public protocol LineSink: Sendable {
    /// Writes `count` whole lines. The sink itself reports what it cannot write.
    func write(_ lines: [UInt8], count: Int)
    /// Reports, in the sink's own format, how many lines were dropped from a full queue.
    func write(lost count: Int)
}

/// A writer of lines on a thread of its own, so that a full disk or a blocked pipe delays neither the event loop nor a
/// request. The queue is bounded; lines that do not fit are counted.
public final class LineWriter: Sendable {
    public enum Weight: Sendable {
        /// Frequent lines, written in batches.
        case routine
        /// Written at once; part of the queue is reserved for these.
        case important
    }

    private enum Schedule { case later, now }

    private struct State {
        var lines: [@Sendable () -> [UInt8]] = []
        var lost = 0
        var schedule: Schedule?
    }

    /// Each queued line is a record of some hundred bytes; the writer's thread formats it.
    private static let capacity = 8192
    private static let routineCapacity = 6144
    /// Approximate size of one write(2), enough to make the call's cost small.
    private static let portion = 64 * 1024
    /// Waking a thread costs as much as serving a token: at most twenty wake-ups a second.
    private static let gathering = DispatchTimeInterval.milliseconds(50)

    private let sink: any LineSink
    private let queue: DispatchQueue
    private let state = Mutex(State())

    public init(_ sink: any LineSink, label: String) {
        self.sink = sink
        queue = DispatchQueue(label: label)
    }

    /// Queues a line; `make` returns it with its line break. Never blocks.
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

    /// Waits until all queued lines are written, at most for `limit`.
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
