internal import Synchronization
internal import System
internal import Vault

/// The jobs on one sink's file, one after the other on a thread of their own: its file system may hang, and neither the
/// agent nor another sink waits for it.
final class SinkJobs: Sendable {
    private let queue = BlockingQueue("authagent.sink")
    private let waiting = Mutex(0)
    private let time: any Time

    /// A file system in memory answers in microseconds, a busy disk in a second.
    static let patience: Duration = .seconds(5)
    /// The running job and the next one. With more, a file system that hangs would collect them.
    private static let most = 2
    /// One removal has a place beyond: whatever waits, a token that is withdrawn is removed when the file system answers.
    private static let mostWithRemoval = 3

    init(time: any Time) { self.time = time }

    /// Returns the result; `nil` if the file system has not answered in time. The job is then done later, or never.
    func run<Value: Sendable>(isRemoval: Bool = false, _ body: @escaping @Sendable () -> Value) async -> Value? {
        let isFull = waiting.withLock { waiting in
            guard waiting < (isRemoval ? Self.mostWithRemoval : Self.most) else { return true }
            waiting += 1
            return false
        }
        if isFull { return nil }
        return await Self.withDeadline(time.now + Self.patience, time) { [self] in
            let value = await queue.run { () throws(Never) in body() }
            waiting.withLock { $0 -= 1 }
            return value
        }
    }

    /// Returns the result of `body`, or `nil` at the deadline. Then `body` goes on: a call that hangs cannot be
    /// ended.
    static func withDeadline<Value: Sendable>(
        _ deadline: ContinuousClock.Instant, _ time: any Time, _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let (results, result) = AsyncStream.makeStream(of: Value?.self, bufferingPolicy: .bufferingOldest(1))
        // Unstructured tasks: a group would wait for a call that hangs.
        let work = Task { result.yield(await body()) }
        let alarm = Task {
            do { try await time.sleep(until: deadline) } catch { return }
            result.yield(nil)
        }
        defer { alarm.cancel() }
        _ = work
        for await first in results { return first }
        return nil
    }
}
