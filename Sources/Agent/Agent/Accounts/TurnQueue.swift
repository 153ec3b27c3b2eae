internal import Synchronization

/// The queue of reloads and migrations: a reload must not act on account files that still name the store which a
/// migration has just left.
final class TurnQueue: Sendable {
    /// The last requested work; the next one waits for it.
    private let last = Mutex<Task<Void, Never>?>(nil)

    /// Runs `body` after all work requested before it.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        let task = last.withLock { last in
            let before = last
            // Unstructured task: a queue across requests; it must not end with one caller.
            let task = Task {
                await before?.value
                return await body()
            }
            last = Task { _ = await task.value }
            return task
        }
        return await task.value
    }
}
