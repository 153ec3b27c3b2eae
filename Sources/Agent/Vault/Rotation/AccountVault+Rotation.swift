internal import AgentAPI
internal import OAuth
internal import SecretMemory
internal import Synchronization

/// The steps of a rotation, in the order of which none may be swapped: room and intent, the request, the new refresh
/// token into the journal, the new access token to whoever waits, the copy into the store, the journal cleared.
extension AccountVault {
    /// To be called before a refresh token is spent. Fails when nothing would take the token that replaces it.
    func beginRotation(of credential: Credential) async throws(StoreFailure) {
        guard let journal = journal(of: credential) else { return }
        do throws(StoreFailure) { try await journal.begin(credential) } catch {
            // Without the journal the store itself takes the new token, before anybody is served.
            try await ports.store.prepareToSave()
        }
    }

    /// Takes the intent back after an answer that says, as far as anybody can know, that the refresh token is not spent.
    /// One whose answer is not known stays, because it may still have been spent.
    func settleIntent(of credential: Credential, _ reply: RefreshReply) async {
        switch reply {
        // Both go on with the journal themselves.
        case .renewed, .deadGrant: return
        case .unanswered: guarded.withLock { $0.state.unanswered() }
        case .needsPerson, .misconfigured, .unconfigured, .changed, .rejected, .transient:
            guard !guarded.withLock({ $0.state.isPerhapsSpent }) else { return }
            await journal(of: credential)?.abandon(credential)
        }
    }

    /// What the grant makes of the credential. A new refresh token is durable on return, so before anybody gets the
    /// access token that came with it.
    ///
    /// With a target the grant says nothing of the login's own scopes: the provider remembers them with the refresh token
    /// (RFC 6749 §6).
    func rotate(
        _ credential: Credential, with grant: TokenGrant, for target: TokenTarget? = nil, version: UInt64,
        requestedAt: ContinuousClock.Instant
    ) async -> Credential {
        var renewed = credential
        if target == nil { renewed.takeScope(of: grant) }
        renewed.grantedAt = ports.time.wall
        renewed.expiry = LoginExpiry.after(grant, earlier: credential.expiry, at: ports.time.wall)
        // The provider has answered, so they have ended, whatever becomes of what it sent.
        if ports.refresher.refreshEndsTokens {
            guarded.withLock { $0.state.tokensEnded(version: version, at: ports.time.now) }
        }
        // RFC 6749 §6: a new refresh token replaces the old one; none, or the same, leaves it.
        guard let refreshToken = grant.refreshToken, refreshToken != credential.refreshToken else {
            await journal(of: credential)?.abandon(credential)
            guarded.withLock { [renewed] in
                $0.state.rotated(renewed, version: version, grantedAt: requestedAt)
            }
            return renewed
        }
        renewed.generation += 1
        renewed.renewal = .refreshToken(refreshToken)
        let isJournaled = await isJournaled(renewed, version: version)
        if !isJournaled { renewed.journalKey = renewed.journalKey ?? newJournalKey() }
        guarded.withLock { [renewed] guarded in
            guarded.state.rotated(renewed, version: version, grantedAt: requestedAt)
            guarded.state.owes(isJournaled: isJournaled, at: ports.time.now)
        }
        if !isJournaled { await save(renewed, version: version) }
        return renewed
    }

    private func isJournaled(_ credential: Credential, version: UInt64) async -> Bool {
        guard let journal = journal(of: credential), guarded.withLock({ $0.state.version == version }) else {
            return false
        }
        do throws(StoreFailure) { try await journal.complete(credential) } catch { return false }
        return true
    }

    /// Writes a credential to the store, and returns only once it is there; a failure leaves the account `unsaved` and is
    /// tried again later.
    func save(_ credential: Credential, version: UInt64) async {
        // The older of two must not end up in the store.
        while let copy = guarded.withLock({ $0.copy }) { await copy.value }
        guard guarded.withLock({ $0.state.version == version }) else { return }
        let failure = await store(credential)
        guarded.withLock { $0.state.saved(credential, failure, at: ports.time.now, jitter: ports.jitter()) }
    }

    /// Copies to the store what it lacks, beside whatever refresh is under way: a store that hangs keeps nobody from a
    /// token. Nil when there is nothing to copy now.
    func startCopy(at now: ContinuousClock.Instant, _ guarded: inout Guarded) -> Task<Void, Never>? {
        guard guarded.copy == nil, guarded.change == nil, let credential = guarded.state.takeUnsaved(at: now) else {
            return nil
        }
        let version = guarded.state.version
        // No parent: what is in the journal belongs into the store, whoever goes away.
        let task = Task {
            let failure = await self.store(credential)
            self.guarded.withLock { guarded in
                guarded.copy = nil
                guard guarded.state.version == version else { return }
                guarded.state.saved(credential, failure, at: self.ports.time.now, jitter: self.ports.jitter())
            }
            self.changed()
        }
        guarded.copy = task
        return task
    }

    /// Writes, reads back and clears the journal. What is in the store counts, not what the write said: one that timed
    /// out may have been carried out.
    func store(_ credential: Credential) async -> StoreFailure? {
        var failure: StoreFailure?
        do throws(StoreFailure) { try await ports.store.save(credential.record) } catch { failure = error }
        if let failure, failure.state != .hung { return failure }
        do throws(StoreFailure) {
            let key = RecordKey(account: account, purpose: .login)
            let stored = try await ports.store.load(key)
            // A keyring may lock an item for each client; the one that has written this one has read it back.
            let isKept = failure == nil && stored?.problem?.item != nil
            if !isKept, stored.flatMap(Credential.init) != credential {
                // It may keep another copy, which it does not give up.
                let all = try await ports.store.loadAll()
                guard all.contains(where: { $0.key == key && Credential($0) == credential }) else {
                    return failure ?? .notReadBack
                }
            }
        } catch {
            return failure ?? error
        }
        guarded.withLock { $0.state.storedJournalKey = credential.journalKey }
        await ports.journal?.clear(account, upTo: credential.generation)
        return nil
    }

    /// Nil for a credential whose key no store has yet: an entry could not be opened after a restart.
    func journal(of credential: Credential) -> (any RotationJournal)? {
        guard let key = credential.journalKey, guarded.withLock({ $0.state.storedJournalKey == key }) else {
            return nil
        }
        return ports.journal
    }

    /// The key for a login's entries in the journal, or nil where there is no journal.
    func newJournalKey() -> SecretBytes? {
        guard ports.journal != nil else { return nil }
        var generator = SystemRandomNumberGenerator()
        return SecretBytes((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}
