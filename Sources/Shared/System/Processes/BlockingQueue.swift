internal import Dispatch
internal import SecretMemory

/// A thread of its own for blocking calls, which run one after the other in the order of submission.
public struct BlockingQueue: Sendable {
    private let queue: DispatchQueue

    public init(_ label: String) { queue = DispatchQueue(label: label) }

    /// Runs `body` off the cooperative pool. A cancelled caller waits too: half a write must not happen.
    public func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            queue.async {
                let result = Result(catching: body)
                DeadStack.clear()
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}
