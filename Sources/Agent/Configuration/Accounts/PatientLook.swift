internal import Dispatch
internal import Synchronization
internal import System

/// A look at the file system with a timeout: one that hangs must not keep a reload from revoking a rule.
enum PatientLook {
    private final class Answer<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    private static let patience: DispatchTimeInterval = .seconds(2)
    /// The paths whose looks have not ended.
    private static let hanging = Mutex<Set<String>>([])

    /// Returns the result; `nil` at the timeout, and at once as long as an earlier look at the path hangs.
    static func result<Value: Sendable>(_ path: String, _ look: @escaping @Sendable () -> Value) -> Value? {
        guard hanging.withLock({ $0.insert(path).inserted }) else { return nil }
        let answer = Answer<Value>()
        // Not a queue, whose thread would stay: the agent enters its sandbox with one thread, after these looks.
        let isStarted = WorkerThread.start(named: "look") {
            let value = look()
            answer.value.withLock { $0 = value }
            _ = hanging.withLock { $0.remove(path) }
            answer.isThere.signal()
        }
        guard isStarted else {
            _ = hanging.withLock { $0.remove(path) }
            return nil
        }
        guard answer.isThere.wait(timeout: .now() + patience) == .success else { return nil }
        return answer.value.withLock { $0 }
    }
}
