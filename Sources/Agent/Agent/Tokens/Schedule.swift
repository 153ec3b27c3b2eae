/// A signal that wakes the background loop when the next due time may have changed.
final class Schedule: Sendable {
    private let changes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        // One wake-up serves any number of changes.
        (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func changed() { continuation.yield() }

    /// The signals; for one consumer.
    var stream: AsyncStream<Void> { changes }
}
