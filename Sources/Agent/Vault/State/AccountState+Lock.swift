/// Whether the account serves anything.
extension AccountState {
    mutating func apply(_ limits: LockLimits, at now: ContinuousClock.Instant) {
        // New limits count from now on.
        if lock.limits != limits, !lock.isClosed { lock.open(at: now) }
        lock.limits = limits
    }

    mutating func close(_ reason: LockReason) {
        // A requested lock is reported by the agent, once for all accounts.
        if !lock.isClosed, reason != .requested {
            notices.news.append(.locked(reason))
            notices.sourceChanges.append(.replaced)
        }
        lock.close(reason)
    }

    mutating func open(at now: ContinuousClock.Instant) { lock.open(at: now) }

    /// Forgets what the store holds as well. The rest stays, unserved, until it can be written.
    mutating func dropSecrets() {
        guard lock.isClosed else { return }
        roles = RoleSessions()
        elevated = ElevatedLogins()
        guard storage.unsaved.map(\.isJournaled) ?? true else { return slots.dropTokens() }
        signOut(as: nil)
        login = .unread(nil)
    }

    /// Records a request, which keeps the account from being idle; returns why it is refused, if the account is locked.
    mutating func recordRequest(at now: ContinuousClock.Instant) -> TokenFailure? {
        if let reason = lock.reason(at: now) { return .locked(reason) }
        lock.recordRequest(at: now)
        return nil
    }

    /// Whether to empty memory: after a lock, or once the store has what kept memory from being emptied.
    func isDropDue(at now: ContinuousClock.Instant) -> Bool {
        guard lock.reason(at: now) != nil else { return false }
        return !lock.isClosed || (credential != nil && storage.unsaved.map(\.isJournaled) ?? true)
    }
}
