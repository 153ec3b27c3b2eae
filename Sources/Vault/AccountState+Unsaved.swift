/// What the store lacks, and when the account acts by itself.
extension AccountState {
    package mutating func saveFailed(_ failure: StoreFailure, at now: ContinuousClock.Instant, jitter: Double) {
        var backoff = unsaved?.backoff ?? Backoff()
        backoff.failed(at: now, retryAfter: nil, definite: true, jitter: jitter)
        unsaved = Unsaved(failure: failure, backoff: backoff)
    }

    /// The credential that the store lacks, once per due moment; nil when it is not time yet.
    package mutating func takeUnsaved(at now: ContinuousClock.Instant) -> Credential? {
        guard let due = unsavedDue, due <= now else { return nil }
        unsaved?.isBeingWritten = true
        return credential
    }

    package func isUnsavedDue(at now: ContinuousClock.Instant) -> Bool { unsavedDue.map { $0 <= now } ?? false }

    package var unsavedDue: ContinuousClock.Instant? {
        guard let unsaved, !unsaved.isBeingWritten else { return nil }
        return unsaved.backoff.notBefore
    }

    package mutating func saved(generation: UInt64) {
        // A newer one may have come while this one was being written.
        if generation >= self.generation { unsaved = nil }
    }

    /// When this account wants to refresh by itself; nil when nobody uses it and it is not kept alive.
    package func refreshDue(keepAlive: Duration?) -> ContinuousClock.Instant? {
        guard case .active(let credential) = login, credential.refreshToken != nil else { return nil }
        var due = isInUse ? renewal : nil
        if let keepAlive, let lastGrant { due = min(due ?? lastGrant + keepAlive, lastGrant + keepAlive) }
        guard let due else { return nil }
        return backoff.notBefore.map { max(due, $0) } ?? due
    }
}
