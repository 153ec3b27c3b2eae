internal import Synchronization

/// Locked, an account serves nothing, refreshes nothing and keeps no secret in memory that the store has.
extension AccountVault {
    /// From now on nothing is served; returns once memory is empty, but for what the store could not be given. A refresh
    /// under way is finished first, because its answer may hold the only copy of a refresh token.
    public func lock(_ reason: LockReason = .requested) async {
        guarded.withLock { $0.state.close(reason) }
        await exclusively {
            let credential = self.guarded.withLock { guarded in
                guarded.state.unsaved.flatMap { $0.isJournaled ? nil : guarded.state.credential }
            }
            if let credential {
                let failure = await self.store(credential)
                self.guarded.withLock {
                    $0.state.saved(credential, failure, at: self.ports.time.now, jitter: self.ports.jitter())
                }
            }
            self.guarded.withLock { $0.state.dropSecrets() }
        }
    }

    /// From now on nothing is served; memory is emptied a moment later.
    public func close(_ reason: LockReason) {
        guarded.withLock { $0.state.close(reason) }
        changed()
    }

    /// The store is read when a token is asked for.
    public func unlock() {
        guarded.withLock { $0.state.open(at: ports.time.now) }
        changed()
    }

    /// Why nothing is served; nil when the account is not locked.
    public var lockReason: LockReason? { guarded.withLock { $0.state.lock.reason(at: ports.time.now) } }

    /// To be called when the account's settings have changed.
    public func apply(_ limits: LockLimits) {
        guarded.withLock { $0.state.apply(limits, at: ports.time.now) }
        changed()
    }
}
