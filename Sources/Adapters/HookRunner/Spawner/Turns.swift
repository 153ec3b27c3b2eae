internal import Synchronization

/// Work that runs one after the other, in the order of the calls.
final class Turns: Sendable {
    /// The last requested work; the next one waits for it.
    private let last = Mutex<Task<Void, Never>?>(nil)

    /// Runs `body` after all work requested before it. It is cancelled with its caller.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        let task = last.withLock { last in
            let before = last
            // Unstructured task: its turn comes after another caller's.
            let task = Task {
                await before?.value
                return await body()
            }
            last = Task { _ = await task.value }
            return task
        }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
