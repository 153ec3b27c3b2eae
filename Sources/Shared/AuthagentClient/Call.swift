internal import Synchronization

/// A task's blocking call. It completes once: by the thread that runs it or by the task's cancellation.
final class Call<Value: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Result<Value, AgentClientError>, Never>?
        var socket: AgentSocket?
        var isCancelled = false
    }

    private let state = Mutex(State())

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Runs the blocking `body` on another thread, and awaits its result.
    func perform(
        _ body: @escaping @Sendable (Call<Value>) throws(AgentClientError) -> Value
    ) async throws(AgentClientError) -> Value {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard begin(continuation) else { return continuation.resume(returning: .failure(.cancelled)) }
                BlockingThreads.shared.run {
                    // Cancelled while queued.
                    guard !self.isCancelled else { return }
                    do throws(AgentClientError) { self.finish(.success(try body(self))) } catch {
                        self.finish(.failure(error))
                    }
                }
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Registers the socket that the thread will wait for, so that cancellation can end the wait.
    func wait(for socket: AgentSocket) throws(AgentClientError) {
        let isCancelled = state.withLock { state in
            state.socket = socket
            return state.isCancelled
        }
        if isCancelled { throw .cancelled }
    }

    private func begin(_ continuation: CheckedContinuation<Result<Value, AgentClientError>, Never>) -> Bool {
        state.withLock { state in
            guard !state.isCancelled else { return false }
            state.continuation = continuation
            return true
        }
    }

    private func finish(_ result: Result<Value, AgentClientError>) {
        let continuation = state.withLock { state in
            state.socket = nil
            return state.continuation.take()
        }
        continuation?.resume(returning: result)
    }

    private func cancel() {
        let (continuation, socket) = state.withLock { state in
            state.isCancelled = true
            return (state.continuation.take(), state.socket.take())
        }
        socket?.hangUp()
        continuation?.resume(returning: .failure(.cancelled))
    }
}
