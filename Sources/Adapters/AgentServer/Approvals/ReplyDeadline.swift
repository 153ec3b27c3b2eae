internal import Synchronization

/// The end of a caller's waiting before its reply: it leaves, or its time is up.
package final class RequestCancellation: Sendable {
    private enum State {
        case here([@Sendable () -> Void])
        case gone
    }

    private let state = Mutex(State.here([]))
    /// Ends a question that has no answer; false if none waits.
    private let question = Mutex<@Sendable () -> Bool>({ false })

    package init() {}

    /// Sets what is called when the caller's time is up.
    package func whenTimedOut(_ body: @escaping @Sendable () -> Bool) { question.withLock { $0 = body } }

    /// Ends the caller's question, whose reply follows; false if none waits.
    package func timedOut() -> Bool { question.withLock { $0 }() }

    /// Calls `body` when the caller leaves; at once if it has left.
    package func whenGone(_ body: @escaping @Sendable () -> Void) {
        let isGone = state.withLock { state in
            guard case .here(let bodies) = state else { return true }
            state = .here(bodies + [body])
            return false
        }
        if isGone { body() }
    }

    package func gone() {
        let bodies = state.withLock { state -> [@Sendable () -> Void] in
            guard case .here(let bodies) = state else { return [] }
            state = .gone
            return bodies
        }
        for body in bodies { body() }
    }
}

/// How long a caller waits for its reply.
struct ReplyDeadline: Sendable {
    var limit: Duration
    let cancellation = RequestCancellation()
}
