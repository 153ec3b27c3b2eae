internal import Dispatch
internal import SecretMemory

/// A thread of its own for calls that block, one after the other, in the order in which they were asked for.
public struct BlockingQueue: Sendable {
    private let queue: DispatchQueue

    public init(_ label: String) { queue = DispatchQueue(label: label) }

    /// Runs `body` away from the cooperative pool. Waits also when the caller is cancelled: half a write is none.
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
