public import AgentAPI
public import SecretMemory
internal import Synchronization

/// Tokens that a service has refused.
extension AccountVault {
    /// The token in memory for this target, valid or not.
    public func heldToken(for target: TokenTarget?) -> AccessToken? {
        guarded.withLock { $0.state.slots[target]?.token }
    }

    /// Renews a token that a service has refused, at most once in `Rejection.gap` for all callers together. Joins a
    /// running refresh. Until the renewal succeeds, other requests are served the old token. `claims` is what the service
    /// demands of the token, as JSON.
    public func reject(
        _ target: TokenTarget?, claims: String? = nil, isRefused: (@Sendable (SecretBytes) -> Bool)?
    ) async throws(TokenFailure) -> Rejection {
        while true {
            await readIfUnread()
            let (step, refused) = guarded.withLock { guarded in
                let held = guarded.state.slots[target]?.token?.secret
                return (rejectionStep(target, claims, isRefused, &guarded), held)
            }
            switch step {
            case .answer(let answer): return try answer.get()
            case .wait(let other):
                guard await other.valueUnlessCancelled != nil, !Task.isCancelled else { throw .abandoned }
            case .join(let refresh):
                guard await refresh.valueUnlessCancelled != nil else { throw .abandoned }
                return try guarded.withLock {
                    $0.state.answerAfterRejection(for: target, of: refused, claims: claims, at: ports.time.now)
                }.get()
            }
        }
    }

    private func rejectionStep(
        _ target: TokenTarget?, _ claims: String?, _ isRefused: ((SecretBytes) -> Bool)?, _ guarded: inout Guarded
    ) -> Step<Rejection> {
        switch guarded.state.tokenRejected(for: target, isRefused: isRefused, claims: claims, at: ports.time.now) {
        case .keep(let reason): return .answer(.success(.kept(reason)))
        case .refuseClaims: return .answer(.success(.claimsRefused))
        case .fail(let failure): return .answer(.failure(failure))
        case .read: return unreadStep(guarded)
        case .refresh(let credential): return refreshStep(credential, for: target, claims: claims, &guarded)
        }
    }
}
