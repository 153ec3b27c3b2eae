/// Whether the account serves anything.
extension AccountState {
    package mutating func apply(_ limits: LockLimits, at now: ContinuousClock.Instant) {
        // Limits that come later count from now on.
        if lock.limits != limits, !lock.isClosed { lock.open(at: now) }
        lock.limits = limits
    }

    package mutating func close(_ reason: LockReason) {
        // What was asked for is told by whoever asked, once for all accounts.
        if !lock.isClosed, reason != .requested { news.append(.locked(reason)) }
        lock.close(reason)
    }

    package mutating func open(at now: ContinuousClock.Instant) { lock.open(at: now) }

    /// Forgets what the store has as well. What it has not is kept until it can be written, and served to nobody.
    package mutating func dropSecrets() {
        guard lock.isClosed else { return }
        guard unsaved.map(\.isJournaled) ?? true else { return dropTokens() }
        signOut()
        login = .unread(nil)
    }

    /// Why nothing is served. A request that is not refused keeps the account from being idle.
    mutating func lockedNow(at now: ContinuousClock.Instant) -> TokenFailure? {
        if let reason = lock.reason(at: now) { return .locked(reason) }
        lock.asked(at: now)
        return nil
    }

    /// Whether it is time to empty memory: because of a lock, or because the store has at last what kept it from being
    /// emptied.
    package func isDropDue(at now: ContinuousClock.Instant) -> Bool {
        guard lock.reason(at: now) != nil else { return false }
        return !lock.isClosed || (credential != nil && unsaved.map(\.isJournaled) ?? true)
    }
}
