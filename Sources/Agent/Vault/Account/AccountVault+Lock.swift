internal import Synchronization

/// Locks: a locked account serves nothing, refreshes nothing, and keeps no secret in memory that the store has.
extension AccountVault {
    /// Locks the account, and returns once memory is empty, except for what the store did not take. A running refresh is
    /// finished first, because its answer may hold the only copy of a refresh token.
    public func lock(_ reason: LockReason = .requested) async {
        guarded.withLock { $0.state.close(reason) }
        // At once: a refresh that is waited for below may take minutes, and derived tokens must not last as long.
        changed()
        await endRoleRequests()
        await exclusively {
            let credential = self.guarded.withLock { guarded in
                guarded.state.storage.unsaved.flatMap { $0.isJournaled ? nil : guarded.state.credential }
            }
            if let credential {
                let failure = await self.copyToStore(credential)
                self.guarded.withLock {
                    $0.state.endSave(of: credential, failure, at: self.ports.time.now, jitter: self.ports.jitter())
                }
            }
            self.guarded.withLock { $0.state.dropSecrets() }
        }
    }

    /// Locks the account at once; the schedule empties memory.
    public func close(_ reason: LockReason) {
        guarded.withLock { $0.state.close(reason) }
        changed()
    }

    /// Unlocks the account. The next request for a token reads the store.
    public func unlock() {
        guarded.withLock { $0.state.open(at: ports.time.now) }
        changed()
    }

    /// Why nothing is served; `nil` if the account is not locked.
    public var lockReason: LockReason? { guarded.withLock { $0.state.lock.reason(at: ports.time.now) } }

    /// Applies the limits of changed settings.
    public func apply(_ limits: LockLimits) {
        guarded.withLock { $0.state.apply(limits, at: ports.time.now) }
        changed()
    }
}
