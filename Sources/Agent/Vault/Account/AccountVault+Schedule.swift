internal import Synchronization

/// What an account does without a request.
extension AccountVault {
    /// When `runDue` has something to do; `nil` if nothing is planned. `moment` is what the caller compares it with.
    public func nextDue(
        keepAlive: Duration?, at moment: ContinuousClock.Instant? = nil
    ) -> ContinuousClock.Instant? {
        let now = moment ?? ports.time.now
        return guarded.withLock { guarded in
            // The end of the change plans again.
            guard guarded.change == nil else { return nil }
            let refreshDue = guarded.refresh == nil ? guarded.state.refreshDue(keepAlive: keepAlive) : nil
            let readAgain = guarded.state.isUnread ? guarded.state.storage.readAgain : nil
            let drop = guarded.state.isDropDue(at: now) ? now : guarded.state.lock.due
            return [refreshDue, guarded.state.unsavedDue, readAgain, drop, guarded.state.elevated.nextEnd]
                .compactMap { $0 }.min()
        }
    }

    /// Refreshes ahead of expiry, writes what the store lacks, and drops what has expired, where that is due.
    public func runDue(keepAlive: Duration?) async {
        let now = ports.time.now
        if let reason = lockReason, guarded.withLock({ $0.state.isDropDue(at: now) }) { return await lock(reason) }
        if let due = guarded.withLock({ $0.state.storage.readAgain }), due <= now { await readIfUnread() }
        let (copy, refresh) = guarded.withLock { guarded in
            guarded.state.elevated.dropExpired(at: now)
            return (startCopy(at: now, &guarded), startRefreshIfDue(keepAlive: keepAlive, at: now, &guarded))
        }
        await copy?.value
        await refresh?.value
    }

    private func startRefreshIfDue(
        keepAlive: Duration?, at now: ContinuousClock.Instant, _ guarded: inout Guarded
    ) -> Task<Void, Never>? {
        guard guarded.refresh == nil, guarded.change == nil,
            let due = guarded.state.refreshDue(keepAlive: keepAlive), due <= now,
            let credential = guarded.state.credential
        else { return nil }
        return startRefresh(of: credential, for: nil, &guarded)
    }

    /// Waits until nothing is running, so that a process that ends loses no refresh token.
    public func settle() async {
        while let running = guarded.withLock({ $0.refresh?.task ?? $0.change ?? $0.copy }) { await running.value }
    }
}
