internal import AgentAPI
internal import OAuth
internal import Synchronization

/// One refresh of one slot's token, and the replacement of the refresh token that may come with it. RFC 6749 §6.
struct Rotation: Sendable {
    let renewal: SlotRenewal

    var vault: AccountVault { renewal.vault }
    var credential: Credential { renewal.credential }
    var target: TokenTarget? { renewal.target }
    var claims: String? { renewal.claims }
    var version: UInt64 { renewal.version }

    /// Refreshes, in the one order in which a crash between two steps, or a dead store, costs no login that a client
    /// can save.
    func run() async {
        // 1. Begin: the journal notes that the refresh token is about to be spent, and has room for the next one.
        do throws(StoreFailure) { try await begin() } catch { return failed(.store(error)) }

        // 2. Send. Never cancelled: the reply may hold the only copy of the next refresh token.
        let requestedAt = vault.ports.time.now
        let reply = await vault.ports.refresher.refresh(credential, for: target, claims: claims)

        // 3. Settle: withdraw the note, unless the refresh token is spent, or may be.
        guard case .renewed(let grant) = reply else {
            await settle(reply)
            return await recordRefusal(reply)
        }
        // The provider has answered, so the earlier tokens have ended, even if the new one is not used.
        if vault.ports.refresher.refreshEndsTokens {
            change { $0.tokensEnded(version: version, at: vault.ports.time.now) }
        }
        var renewed = credential.renewed(by: grant, for: target, at: vault.ports.time.wall)
        if renewed.renewal == credential.renewal {
            await withdraw()
            change { [renewed] in $0.rotated(renewed, version: version, grantedAt: requestedAt) }
        } else {
            // 4. Journal: the new refresh token is durable before any caller gets the access token beside it.
            let isJournaled = await writeToJournal(renewed)
            if !isJournaled { renewed.journalKey = renewed.journalKey ?? vault.newJournalKey() }
            change { [renewed] in
                $0.rotated(renewed, version: version, grantedAt: requestedAt)
                $0.markUnsaved(isJournaled: isJournaled, at: vault.ports.time.now)
            }
            // Without a journal the store takes it, so 6 and 7 come before 5.
            if !isJournaled { await vault.save(renewed, version: version) }
        }

        // 5. Serve: callers that wait get the access token once this function returns.
        await serve(grant, with: renewed, requestedAt: requestedAt)

        // 6. Copy to the store, and 7. clear the journal: `copyToStore`, which `startCopy` runs when this refresh has
        // ended. Not awaited here: a store that hangs must not delay a caller.
    }

    /// Fails if nothing would take the refresh token that replaces this one.
    private func begin() async throws(StoreFailure) {
        guard let journal = vault.journal(of: credential) else { return }
        do throws(StoreFailure) { try await journal.begin(credential) } catch {
            // Without the journal, the store must take the new token.
            try await vault.ports.store.prepareToSave()
        }
    }

    /// Withdraws the note after a reply that did not spend the refresh token, as far as can be known.
    private func settle(_ reply: RefreshReply) async {
        switch reply {
        // Both settle it themselves, in a later step.
        case .renewed, .deadGrant: return
        case .unanswered: change { $0.unanswered() }
        case .needsPerson, .misconfigured, .unconfigured, .changed, .rejected, .transient:
            // A request before this one may still have spent it.
            guard !vault.guarded.withLock({ $0.state.doubts.mayBeSpent }) else { return }
            await withdraw()
        }
    }

    private func withdraw() async { await vault.journal(of: credential)?.abandon(credential) }

    /// Returns false if the journal did not take the credential.
    private func writeToJournal(_ renewed: Credential) async -> Bool {
        guard let journal = vault.journal(of: renewed), vault.guarded.withLock({ $0.state.version == version }) else {
            return false
        }
        do throws(StoreFailure) { try await journal.complete(renewed) } catch { return false }
        return true
    }

    /// Publishes the grant's token, unless it is another person's, or less than the target.
    private func serve(_ grant: TokenGrant, with renewed: Credential, requestedAt: ContinuousClock.Instant) async {
        var renewed = renewed
        let person: CheckedIdentity
        do throws(IdentityRefusal) {
            person = try await vault.ports.refresher.identify(grant, for: renewed).checked(against: renewed)
        } catch {
            // The login stays as it was, with the new refresh token: the provider's mistake must not end it.
            (renewed.scope, renewed.isScopeNamed) = (credential.scope, credential.isScopeNamed)
            renewed.lostScope = credential.lostScope
            change { [renewed] in
                $0.quarantined(
                    target, error, keeping: renewed, version: version, at: vault.ports.time.now,
                    jitter: vault.ports.jitter())
            }
            return
        }
        var token: AccessToken
        do throws(TargetRefusal) { token = try renewal.token(of: grant, requestedAt: requestedAt) } catch {
            return failed(.targetRefused(error))
        }
        var isNewIdentity = false
        // A token with a target says nothing new of the login.
        if target == nil {
            token.idToken = person.idToken
            token.lostScope = renewed.lostScope
            isNewIdentity = renewed.identity != person.identity
            renewed.identity = person.identity
        }
        renewal.serve(
            token, with: renewed, missing: person.missing, requestedAt: requestedAt, isUnsaved: isNewIdentity)
    }

    func failed(
        _ failure: TokenFailure, retryAfter: Duration? = nil, obstacle: RefreshReply.Obstacle = .unknown
    ) {
        renewal.failed(failure, retryAfter: retryAfter, obstacle: obstacle)
    }

    func change(_ body: (inout AccountState) -> Void) { renewal.change(body) }
}
