internal import AgentAPI
internal import SecretMemory
internal import Synchronization

/// The last steps of a rotation: the copy of the credential into the store, and the clearing of the journal.
extension AccountVault {
    /// Starts to copy what the store lacks, beside a refresh that may be running; `nil` if nothing is due.
    func startCopy(at now: ContinuousClock.Instant, _ guarded: inout Guarded) -> Task<Void, Never>? {
        guard guarded.copy == nil, guarded.change == nil, let credential = guarded.state.beginSave(at: now) else {
            return nil
        }
        let version = guarded.state.version
        // Unstructured task: a client that disconnects must not keep the journal's content out of the store.
        let task = Task {
            let failure = await self.copyToStore(credential)
            self.guarded.withLock { guarded in
                guarded.copy = nil
                guard guarded.state.version == version else { return }
                guarded.state.endSave(of: credential, failure, at: self.ports.time.now, jitter: self.ports.jitter())
            }
            self.changed()
        }
        guarded.copy = task
        return task
    }

    /// Copies a credential to the store now. A failure leaves the account `unsaved`, to be written later.
    func save(_ credential: Credential, version: UInt64) async {
        // The older of two must not end up in the store.
        while let copy = guarded.withLock({ $0.copy }) { await copy.value }
        guard guarded.withLock({ $0.state.version == version }) else { return }
        let failure = await copyToStore(credential)
        guarded.withLock { $0.state.endSave(of: credential, failure, at: ports.time.now, jitter: ports.jitter()) }
    }

    /// Writes, reads back and clears the journal. The store's content decides, not the result of the write: a write that
    /// timed out may have been carried out.
    func copyToStore(_ credential: Credential) async -> StoreFailure? {
        var failure: StoreFailure?
        do throws(StoreFailure) { try await ports.store.save(credential.record) } catch { failure = error }
        if let failure, failure.state != .hung { return failure }
        do throws(StoreFailure) {
            guard try await isStored(credential, afterWrite: failure == nil) else { return failure ?? .notReadBack }
        } catch {
            return failure ?? error
        }
        guarded.withLock { $0.state.storage.journalKey = credential.journalKey }
        await ports.journal?.clear(account, upTo: credential.generation)
        return nil
    }

    private func isStored(_ credential: Credential, afterWrite isWritten: Bool) async throws(StoreFailure) -> Bool {
        let key = RecordKey(account: account, purpose: .login)
        let stored = try await ports.store.load(key)
        // A keyring may lock an item for each client; its helper has read this one back after writing it.
        if isWritten, stored?.problem?.item != nil { return true }
        if stored.flatMap(Credential.init) == credential { return true }
        // The keyring may hold another copy, which it does not give up.
        return try await ports.store.loadAll().contains { $0.key == key && Credential($0) == credential }
    }

    /// Writes what the store still lacks, even if it is not due. A running refresh is finished first.
    public func flush() async throws(StoreFailure) {
        let result: Result<Void, StoreFailure> = await exclusively {
            let (unsaved, credential) = self.guarded.withLock { ($0.state.storage.unsaved, $0.state.credential) }
            guard let unsaved, let credential else { return .success(()) }
            let failure = await self.copyToStore(credential)
            self.guarded.withLock {
                $0.state.endSave(of: credential, failure, at: self.ports.time.now, jitter: self.ports.jitter())
            }
            // What the journal holds reaches the store after the next start.
            if let failure, !unsaved.isJournaled { return .failure(failure) }
            return .success(())
        }
        try result.get()
    }

    /// The journal, if the store holds the credential's key: entries with another one are lost with the process.
    func journal(of credential: Credential) -> (any RotationJournal)? {
        guard let key = credential.journalKey, guarded.withLock({ $0.state.storage.journalKey == key }) else {
            return nil
        }
        return ports.journal
    }

    /// Creates the key for a login's journal entries; `nil` without a journal.
    func newJournalKey() -> SecretBytes? {
        guard ports.journal != nil else { return nil }
        var generator = SystemRandomNumberGenerator()
        return SecretBytes((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}
