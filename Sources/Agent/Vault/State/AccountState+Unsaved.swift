/// What the store lacks, and when the account acts by itself.
extension AccountState {
    /// The store is to be given the credential of memory.
    package mutating func owes(isJournaled: Bool, at now: ContinuousClock.Instant) {
        var owed = unsaved ?? Unsaved(due: now, isJournaled: isJournaled)
        owed.due = now
        owed.isJournaled = isJournaled
        unsaved = owed
    }

    package mutating func saveFailed(_ failure: StoreFailure, at now: ContinuousClock.Instant, jitter: Double) {
        var owed = unsaved ?? Unsaved(due: now, isJournaled: false)
        if owed.failure == nil { news.append(.unsaved(failure)) }
        owed.failure = failure
        owed.isBeingWritten = false
        owed.backoff.failed(at: now, retryAfter: nil, definite: true, jitter: jitter)
        owed.due = owed.backoff.notBefore ?? now
        unsaved = owed
    }

    /// The credential that the store lacks, once per due moment; nil when it is not time yet.
    package mutating func takeUnsaved(at now: ContinuousClock.Instant) -> Credential? {
        guard let due = unsavedDue, due <= now else { return nil }
        unsaved?.isBeingWritten = true
        return credential
    }

    package var unsavedDue: ContinuousClock.Instant? {
        guard let unsaved, !unsaved.isBeingWritten else { return nil }
        return unsaved.due
    }

    /// An attempt to write that credential is over.
    package mutating func saved(
        _ written: Credential, _ failure: StoreFailure?, at now: ContinuousClock.Instant, jitter: Double
    ) {
        if let failure { return saveFailed(failure, at: now, jitter: jitter) }
        guard let credential, credential != written, credential.generation >= written.generation,
            var owed = unsaved
        else { return noLongerOwes() }
        // Another one has come while this one was being written.
        owed.isBeingWritten = false
        owed.due = now
        unsaved = owed
    }

    mutating func noLongerOwes() {
        if unsaved?.failure != nil { news.append(.saved) }
        unsaved = nil
    }

    /// When this account wants to refresh by itself; nil when nobody uses it and it is not kept alive.
    package func refreshDue(keepAlive: Duration?) -> ContinuousClock.Instant? {
        guard case .active(let credential) = login, credential.isRenewable, !lock.isClosed else { return nil }
        var due = isInUse ? renewal : nil
        if let keepAlive, let lastGrant { due = min(due ?? lastGrant + keepAlive, lastGrant + keepAlive) }
        guard let due else { return nil }
        return backoff.notBefore.map { max(due, $0) } ?? due
    }
}
