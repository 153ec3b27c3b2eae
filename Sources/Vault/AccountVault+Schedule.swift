internal import Synchronization

/// What an account does without being asked.
extension AccountVault {
    /// When `runDue` has something to do; nil when nothing is planned.
    public func nextDue(keepAlive: Duration?) -> ContinuousClock.Instant? {
        guarded.withLock { guarded in
            // The end of a refresh under way plans anew.
            let refresh = guarded.refresh == nil ? guarded.state.refreshDue(keepAlive: keepAlive) : nil
            return [refresh, guarded.state.unsavedDue].compactMap { $0 }.min()
        }
    }

    /// Refreshes ahead of expiry and writes what the store lacks, if it is time for either.
    public func runDue(keepAlive: Duration?) async {
        let now = ports.time.now
        let (refresh, unsaved) = guarded.withLock { guarded -> (Task<Void, Never>?, Credential?) in
            var refresh: Task<Void, Never>?
            if let due = guarded.state.refreshDue(keepAlive: keepAlive), due <= now,
                let credential = guarded.state.credential
            {
                refresh = joinRefresh(of: credential, &guarded)
            }
            return (refresh, guarded.state.takeUnsaved(at: now))
        }
        if let unsaved {
            await save(unsaved, version: guarded.withLock { $0.state.version })
            ports.scheduleChanged()
        }
        await refresh?.value
    }

    /// Waits until nothing is under way, so that a process that ends loses no refresh token.
    public func settle() async { await guarded.withLock { $0.refresh }?.value }
}
