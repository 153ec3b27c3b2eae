/// A task that concurrent callers share: the first one starts it, the others wait for the same result.
///
/// Kept under the lock of the state that its result changes, so that no caller sees the end without the result.
public struct SharedTask<Value: Sendable>: Sendable {
    /// `nil` between `end` and the next `join`.
    public private(set) var running: Task<Value, Never>?

    public init() {}

    /// Returns the running task, or starts one. `body` calls `end` when it stores its result.
    public mutating func join(_ body: @escaping @Sendable () async -> Value) -> Task<Value, Never> {
        if let running { return running }
        // Unstructured task: the caller that starts it may be cancelled while others wait.
        let task = Task { await body() }
        running = task
        return task
    }

    /// Makes the next `join` start a new task.
    public mutating func end() { running = nil }
}
