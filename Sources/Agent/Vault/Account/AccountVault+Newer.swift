public import AgentAPI
internal import Synchronization

/// A request that waits for a newer token.
struct NewerTokenWait: Sendable {
    let target: TokenTarget?
    let stamp: TokenStamp
    let wake: CheckedContinuation<Void, Never>
}

/// The result of a request for a newer token. A tag names one token; it is not made from it.
public enum NewerToken: Sendable {
    case token(ServedToken, tag: UInt64)
    /// The wait has ended without one, and the client's token is still valid.
    case same(tag: UInt64)
    /// The token has no expiry.
    case endless
    /// Another object has taken over the account.
    case retired
}

/// Requests for a token that is newer than the one that a client has.
extension AccountVault {
    /// Returns a token that expires later than `expiry`, in seconds since 1970, or that has replaced the one with this
    /// expiry; waits until there is one, or the task is cancelled. Throws at once if a login is required or the account is locked, also while it waits.
    ///
    /// The token at hand counts as in use, so it is renewed ahead of its expiry. The other parameters are those of
    /// `token`.
    public func newerToken(
        than expiry: Int, minimumValidity: Duration, for target: TokenTarget? = nil,
        needsIDToken: Bool = false, by user: UInt32? = nil
    ) async throws(TokenFailure) -> NewerToken {
        await readIfUnread()
        let first = guarded.withLock { $0.state.stamp(of: target) }
        // One renewal for one request; if it fails, the back-off belongs to the others.
        var hasRenewed = false
        while true {
            let served: ServedToken
            do throws(TokenFailure) {
                served = try await token(
                    minimumValidity: minimumValidity, for: target, needsIDToken: needsIDToken, by: user)
            } catch {
                if isRetired { return .retired }
                if error == .abandoned, Task.isCancelled { return try endOfWait(for: target) }
                throw error
            }
            let (now, wall, jitter) = (ports.time.now, ports.time.wall, ports.jitter())
            let (decision, isCurrent) = guarded.withLock { guarded in
                (
                    guarded.state.newerToken(
                        than: expiry, for: target, since: first, at: now, wall: wall, jitter: jitter),
                    guarded.state.slots[target]?.token?.secret == served.token.secret
                )
            }
            switch decision {
            // Another one has come in between: it is served in the next turn.
            case .serve where !isCurrent: continue
            case .serve: return .token(served, tag: tag(of: target))
            case .fail(let failure):
                if isRetired { return .retired }
                throw failure
            case .endless: return .endless
            case .wait(let stamp, let wake):
                let mayRenew = target != nil && !hasRenewed
                let isDue = wake.map { $0 <= now } ?? false
                if !(mayRenew && isDue) {
                    await wait(for: target, since: stamp, until: mayRenew || target == nil ? wake : nil)
                }
                if Task.isCancelled { return try endOfWait(for: target) }
                if mayRenew, let wake, wake <= ports.time.now {
                    hasRenewed = true
                    await renewAhead(target, since: stamp, by: user)
                }
            }
        }
    }

    /// Returns what a client gets whose time is up.
    private func endOfWait(for target: TokenTarget?) throws(TokenFailure) -> NewerToken {
        let (isValid, failure) = guarded.withLock { guarded in
            let now = ports.time.now
            return (
                guarded.state.slots[target]?.token?.isValid(at: now) ?? false,
                guarded.state.failure(for: target, at: now)
            )
        }
        guard isValid else { throw failure ?? .abandoned }
        return .same(tag: tag(of: target))
    }

    /// Whether another object has taken over the account.
    public var isRetired: Bool { guarded.withLock { $0.isRetired } }

    private func tag(of target: TokenTarget?) -> UInt64 {
        firstTag &+ guarded.withLock { $0.state.stamp(of: target) }.tag
    }

    /// Renews a token with a target ahead of its expiry, once for all that wait for it.
    private func renewAhead(_ target: TokenTarget?, since stamp: TokenStamp, by user: UInt32?) async {
        while true {
            let step: Step<Void>? = guarded.withLock { guarded in
                guard guarded.state.stamp(of: target) == stamp, case .active(let credential) = guarded.state.login,
                    case .refresh = guarded.state.refreshOrFail(credential, for: target, by: user, at: ports.time.now)
                else { return nil }
                return refreshStep(credential, for: target, by: user, &guarded)
            }
            switch step {
            case nil, .answer?: return
            case .wait(let other)?: guard await other.valueUnlessCancelled != nil, !Task.isCancelled else { return }
            case .join(let refresh)?:
                _ = await refresh.valueUnlessCancelled
                return
            }
        }
    }

    /// Waits until the account has changed for the target, until the instant, or until the task is cancelled.
    private func wait(
        for target: TokenTarget?, since stamp: TokenStamp, until instant: ContinuousClock.Instant?
    ) async {
        let id = guarded.withLock { guarded in
            guarded.lastWait += 1
            return guarded.lastWait
        }
        // No request waits longer, and most end without a timer.
        let isSoon = instant.map { $0 <= ports.time.now + Limits.answerTime } ?? false
        var timer: Task<Void, Never>?
        if isSoon, let instant {
            // Unstructured task: it is cancelled when the wait has ended.
            timer = Task {
                do { try await ports.time.sleep(until: instant) } catch { return }
                endWait(id)
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = guarded.withLock { guarded in
                    // The handler below runs after the task is marked as cancelled, and then finds the wait.
                    let isOver =
                        Task.isCancelled || guarded.isRetired || stamp.calls(for: guarded.state.stamp(of: target))
                        || (instant.map { $0 <= ports.time.now } ?? false)
                    if !isOver {
                        guarded.waits[id] = NewerTokenWait(target: target, stamp: stamp, wake: continuation)
                    }
                    return isOver
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            endWait(id)
        }
        timer?.cancel()
    }

    /// The number of waiting requests.
    package var waitCount: Int { guarded.withLock { $0.waits.count } }

    private func endWait(_ id: UInt64) { guarded.withLock { $0.waits.removeValue(forKey: id) }?.wake.resume() }

    /// Resumes the requests for which something has changed. Call it after every possible change of the account.
    func endFinishedWaits() {
        let finished = guarded.withLock { guarded in
            guard !guarded.waits.isEmpty else { return [NewerTokenWait]() }
            var stamps: [TokenTarget?: TokenStamp] = [:]
            let ids = guarded.waits.filter { wait in
                let target = wait.value.target
                let stamp = stamps[target] ?? guarded.state.stamp(of: target)
                stamps[target] = stamp
                return guarded.isRetired || wait.value.stamp.calls(for: stamp)
            }.keys
            return ids.compactMap { guarded.waits.removeValue(forKey: $0) }
        }
        for wait in finished { wait.wake.resume() }
    }
}

extension AccountVault.Guarded {
    /// Signs out in memory for good: another object takes over the account.
    mutating func retire() {
        isRetired = true
        state.signOut(as: .replaced)
        // Not even an account without a person begins anew here.
        state.login = .signedOut(.notLoggedIn)
    }
}

extension TokenStamp {
    /// Different for each token of an account.
    fileprivate var tag: UInt64 { version << 32 &+ (number ?? 0) }
}
