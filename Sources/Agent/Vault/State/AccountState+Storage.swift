/// What the store lacks, and when the account acts without a request.
extension AccountState {
    /// The store lacks the credential of memory from now on.
    mutating func markUnsaved(isJournaled: Bool, at now: ContinuousClock.Instant) {
        var unsaved = storage.unsaved ?? Unsaved(due: now, isJournaled: isJournaled)
        unsaved.due = now
        unsaved.isJournaled = isJournaled
        storage.unsaved = unsaved
    }

    mutating func saveFailed(_ failure: StoreFailure, at now: ContinuousClock.Instant, jitter: Double) {
        var unsaved = storage.unsaved ?? Unsaved(due: now, isJournaled: false)
        if unsaved.failure == nil { notices.news.append(.unsaved(failure)) }
        unsaved.failure = failure
        unsaved.isBeingWritten = false
        unsaved.backoff.failed(at: now, retryAfter: nil, definite: true, jitter: jitter)
        unsaved.due = unsaved.backoff.notBefore ?? now
        storage.unsaved = unsaved
    }

    /// Begins an attempt to write, once per due moment, and returns the credential; `nil` if nothing is due.
    mutating func beginSave(at now: ContinuousClock.Instant) -> Credential? {
        guard let due = unsavedDue, due <= now else { return nil }
        storage.unsaved?.isBeingWritten = true
        return credential
    }

    var unsavedDue: ContinuousClock.Instant? {
        guard let unsaved = storage.unsaved, !unsaved.isBeingWritten else { return nil }
        return unsaved.due
    }

    /// Ends an attempt to write that credential.
    mutating func endSave(
        of written: Credential, _ failure: StoreFailure?, at now: ContinuousClock.Instant, jitter: Double
    ) {
        if let failure { return saveFailed(failure, at: now, jitter: jitter) }
        guard let credential, credential != written, credential.generation >= written.generation,
            var unsaved = storage.unsaved
        else { return markSaved() }
        // A newer one has come while this one was being written.
        unsaved.isBeingWritten = false
        unsaved.due = now
        storage.unsaved = unsaved
    }

    mutating func markSaved() {
        if storage.unsaved?.failure != nil { notices.news.append(.saved) }
        storage.unsaved = nil
    }

    /// When to refresh without a request; `nil` if the account is neither in use nor kept alive.
    package func refreshDue(keepAlive: Duration?) -> ContinuousClock.Instant? {
        guard case .active(let credential) = login, credential.isRenewable, !lock.isClosed else { return nil }
        var due = slots.own.isInUse ? slots.own.renewalDue : nil
        if let keepAlive, let lastGrant { due = min(due ?? lastGrant + keepAlive, lastGrant + keepAlive) }
        guard let due else { return nil }
        return slots.own.backoff.notBefore.map { max(due, $0) } ?? due
    }
}
