internal import AgentAPI
internal import OAuth
internal import Synchronization

/// One refresh of one slot's token, and the replacement of the refresh token that may come with it. RFC 6749 §6.
struct Rotation: Sendable {
    let vault: AccountVault
    let credential: Credential
    /// `nil` for the login's own token.
    let target: TokenTarget?
    /// What a service has demanded of the token, as JSON; `nil` for a token as usual.
    var claims: String?
    /// The state's version at the decision to refresh: results for an older one are dropped.
    let version: UInt64

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
        let asked = target?.scopes ?? []
        // RFC 6749 §5.1: an absent scope is the requested one.
        let scope = grant.scope ?? (asked.isEmpty ? credential.scope : asked)
        let missing = ScopeReply(scope, to: asked).notGranted
        guard missing.isEmpty else {
            return failed(
                .targetRefused(
                    TargetRefusal(.narrower, missing: missing, granted: scope, loginScope: credential.scope)))
        }
        if let requested = target?.details {
            let missing = requested.reply(grant.authorizationDetails).notGranted
            guard missing.isEmpty else {
                // RFC 9396 §7: a reply without details has not honoured them.
                return failed(
                    .targetRefused(
                        TargetRefusal(.detailsNotGranted, missing: [], types: missing, loginScope: credential.scope)))
            }
        }
        var token = AccessToken(grant, scope: scope, of: credential, requestedAt: requestedAt, isRenewable: true)
        var isNewIdentity = false
        // A token with a target says nothing new of the login.
        if target == nil {
            token.idToken = person.idToken
            token.lostScope = renewed.lostScope
            isNewIdentity = renewed.identity != person.identity
            renewed.identity = person.identity
        }
        change { [token, renewed] in
            if isNewIdentity { $0.markUnsaved(isJournaled: false, at: vault.ports.time.now) }
            $0.renewed(
                target, token, renewed, missing: person.missing, version: version, grantedAt: requestedAt,
                at: vault.ports.time.now, jitter: vault.ports.jitter())
            if let claims { $0.claimsRequested(claims, isRefused: false, version: version, at: vault.ports.time.now) }
        }
    }

    func failed(
        _ failure: TokenFailure, retryAfter: Duration? = nil, obstacle: RefreshReply.Obstacle = .unknown
    ) {
        change {
            $0.refreshFailed(
                target, failure, retryAfter: retryAfter, obstacle: obstacle, version: version,
                at: vault.ports.time.now, jitter: vault.ports.jitter())
        }
    }

    func change(_ body: (inout AccountState) -> Void) { vault.guarded.withLock { body(&$0.state) } }
}

extension AccountVault {
    /// Starts a refresh. The caller has checked that neither a refresh nor a change is running.
    func startRefresh(
        of credential: Credential, for target: TokenTarget?, claims: String? = nil, _ guarded: inout Guarded
    ) -> Task<Void, Never> {
        let rotation = Rotation(
            vault: self, credential: credential, target: target, claims: claims, version: guarded.state.version)
        // Unstructured task: a client that disconnects must not cancel the request that brings the next refresh token.
        let task = Task {
            await rotation.run()
            self.guarded.withLock { $0.refresh = nil }
            self.changed()
        }
        guarded.refresh = Refresh(target: target, claims: claims, task: task)
        return task
    }
}
