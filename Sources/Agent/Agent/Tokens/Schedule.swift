/// Wakes whoever waits for the next thing to do, when something has changed what that is.
final class Schedule: Sendable {
    private let changes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        // However many changes there were, one look at the plan is enough.
        (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func changed() { continuation.yield() }

    /// To be consumed by one loop.
    var stream: AsyncStream<Void> { changes }
}
