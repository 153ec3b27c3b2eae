internal import Synchronization

/// The end of a caller's waiting before its reply: it leaves, or its time is up.
package final class RequestCancellation: Sendable {
    private enum State {
        case here([@Sendable () -> Void])
        case gone
    }

    private let state = Mutex(State.here([]))
    private let confirmation = Mutex(ConfirmationState())

    /// How far the confirmation of the request is, for the moment when the caller's time is up.
    private struct ConfirmationState {
        /// Ends a question that has no answer.
        var end: @Sendable () -> Void = {}
        /// Whether a reply follows soon that the request was not confirmed.
        var isUnconfirmed = false
        var isLate = false
    }

    package init() {}

    /// Notes that the request has to be confirmed.
    package func needsConfirmation() { confirmation.withLock { $0.isUnconfirmed = true } }

    /// Notes that the request is confirmed. Returns false if its time was up before.
    package func confirmed() -> Bool {
        confirmation.withLock { state in
            if !state.isLate { state.isUnconfirmed = false }
            return !state.isLate
        }
    }

    /// Sets what ends the question when the caller's time is up; calls it at once if it is.
    package func whenTimedOut(_ body: @escaping @Sendable () -> Void) {
        let isLate = confirmation.withLock { state in
            state.end = body
            return state.isLate
        }
        if isLate { body() }
    }

    /// Ends the caller's question. Returns whether its reply follows; false if the request needs no confirmation, or has it.
    package func timedOut() -> Bool {
        let (end, isUnconfirmed) = confirmation.withLock { state in
            state.isLate = true
            return (state.end, state.isUnconfirmed)
        }
        end()
        return isUnconfirmed
    }

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
