public import AgentAPI
public import SecretMemory
internal import Synchronization

/// Tokens that a service has refused.
extension AccountVault {
    /// The token in memory for this target, valid or not.
    public func heldToken(for target: TokenTarget?) -> AccessToken? {
        guarded.withLock { $0.state.heldToken(for: target) }
    }

    /// Renews a token that a service has refused, at most once in `Rejection.gap` for all callers together. Joins a
    /// refresh under way. Until the renewal succeeds, other requests are served the old token.
    public func reject(
        _ target: TokenTarget?, isRefused: (@Sendable (SecretBytes) -> Bool)?
    ) async throws(TokenFailure) -> Rejection {
        await readIfUnread()
        while true {
            switch guarded.withLock({ rejectionStep(target, isRefused, &$0) }) {
            case .answer(let answer): return try answer.get()
            case .wait(let other): await other.value
            case .join(let refresh, let refused):
                await refresh.value
                return try guarded.withLock {
                    $0.state.answerAfterRejection(for: target, of: refused, at: ports.time.now)
                }.get()
            }
        }
    }

    private enum RejectionStep {
        case answer(Result<Rejection, TokenFailure>)
        /// Decide anew: it may replace the token.
        case wait(Task<Void, Never>)
        case join(Task<Void, Never>, refused: SecretBytes?)
    }

    private func rejectionStep(
        _ target: TokenTarget?, _ isRefused: ((SecretBytes) -> Bool)?, _ guarded: inout Guarded
    ) -> RejectionStep {
        switch guarded.state.tokenRejected(for: target, isRefused: isRefused, at: ports.time.now) {
        case .keep(let reason): return .answer(.success(.kept(reason)))
        case .fail(let failure): return .answer(.failure(failure))
        case .read:
            let failure = guarded.state.storeFailure ?? StoreFailure(.unknown, "the store was not read")
            return .answer(.failure(.store(failure)))
        case .refresh(let credential):
            if let change = guarded.change { return .wait(change) }
            let refused = guarded.state.heldToken(for: target)?.secret
            guard let running = guarded.refresh else {
                return .join(startRefresh(of: credential, for: target, &guarded), refused: refused)
            }
            return running.target == target ? .join(running.task, refused: refused) : .wait(running.task)
        }
    }
}
