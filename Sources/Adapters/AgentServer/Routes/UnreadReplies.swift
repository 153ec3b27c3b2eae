internal import Synchronization

/// The replies that clients have not read yet. They may hold tokens, which must not stay in memory after a lock or a
/// logout.
final class UnreadReplies: Sendable {
    private let action = Mutex<@Sendable () -> Void>({})

    /// Sets what drops them: it closes their connections.
    func whenDropped(_ action: @escaping @Sendable () -> Void) { self.action.withLock { $0 = action } }

    func drop() { action.withLock { $0 }() }
}
