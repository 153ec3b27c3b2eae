internal import OAuth
internal import Synchronization

extension AccountVault {
    /// Spends the refresh token once.
    func refresh(_ credential: Credential, version: UInt64) async {
        do throws(StoreFailure) { try await beginRotation(of: credential) } catch {
            return failed(.store(error), version: version)
        }
        let requestedAt = ports.time.now
        let reply = await ports.refresher.refresh(credential, for: nil)
        await settleIntent(of: credential, reply)
        switch reply {
        case .renewed(let grant):
            await renew(credential, with: grant, version: version, requestedAt: requestedAt)
        case .deadGrant(let error):
            await confirmDeath(of: credential, error, version: version)
        case .needsPerson(let error):
            failed(.loginDemanded(.interactionRequired, detail: error.description), version: version)
        case .misconfigured(let error)
        where error.refusesClient && credential.registration?.isExpired(at: ports.time.wall) == true:
            guarded.withLock { $0.state.clientExpired(version: version) }
        case .misconfigured(let error):
            failed(.clientRefused(code: error.code, detail: error.detail), version: version)
        case .unconfigured(let detail): failed(.configuration(detail: detail), version: version)
        case .changed(let detail): failed(.providerChanged(detail: detail), version: version)
        case .rejected(let status, let detail):
            failed(.providerRejected(detail: "status \(status): \(detail)"), version: version)
        case .transient(let detail, let retryAfter):
            failed(.providerUnreachable(detail: detail), retryAfter: retryAfter, version: version)
        case .unanswered(let detail): failed(.providerUnreachable(detail: detail), version: version)
        }
    }

    private func failed(_ failure: TokenFailure, retryAfter: Duration? = nil, version: UInt64) {
        guarded.withLock {
            $0.state.refreshFailed(
                failure, retryAfter: retryAfter, version: version, at: ports.time.now, jitter: ports.jitter()
            )
        }
    }

    private func renew(
        _ credential: Credential, with grant: TokenGrant, version: UInt64, requestedAt: ContinuousClock.Instant
    ) async {
        var renewed = await rotate(credential, with: grant, version: version, requestedAt: requestedAt)
        let isNewlyKnown: Bool
        let (idToken, missing): (HeldIDToken?, NoIDToken?)
        do throws(IdentityRefusal) {
            let answer = try await identify(grant, as: &renewed)
            (idToken, missing, isNewlyKnown) = (answer.idToken, answer.missing, answer.isNewlyKnown)
        } catch {
            // The login stays as it was, but with the new refresh token: without it a mistake of the provider's would
            // end it.
            (renewed.scope, renewed.isScopeNamed) = (credential.scope, credential.isScopeNamed)
            renewed.lostScope = credential.lostScope
            guarded.withLock { [renewed] in
                $0.state.quarantined(
                    error, keeping: renewed, version: version, at: ports.time.now, jitter: ports.jitter())
            }
            return
        }
        if isNewlyKnown { guarded.withLock { $0.state.owes(isJournaled: false, at: ports.time.now) } }
        var token = AccessToken(
            grant, scope: renewed.scope, of: credential, requestedAt: requestedAt, isRenewable: true)
        token.idToken = idToken
        token.lostScope = renewed.lostScope
        guarded.withLock { [token, renewed] in
            $0.state.renewed(renewed, token: token, version: version, grantedAt: requestedAt, jitter: ports.jitter())
            $0.state.idTokenMissing(missing, at: ports.time.now)
        }
    }

    /// OpenID Connect Core 1.0 §12.2: whoever the login belongs to stays the same. Clocks that disagree keep the ID
    /// token from being served, but not the access token, for which no wall clock counts.
    func identify(
        _ grant: TokenGrant, as credential: inout Credential
    ) async throws(IdentityRefusal) -> (idToken: HeldIDToken?, missing: NoIDToken?, isNewlyKnown: Bool) {
        switch await ports.refresher.identify(grant, for: credential) {
        case .absent: return (nil, .notIssued, false)
        // What cannot be verified must not stop access tokens, which come over TLS from the provider itself.
        case .unverified(let detail): return (nil, .unverified(detail: detail), false)
        // A broken ID token that nobody asked for, as at the login, contradicts nothing that is known.
        case .refused(let refusal)
        where refusal.reason == .invalid && credential.identity == nil && !credential.scope.contains("openid"):
            return (nil, .unverified(detail: refusal.detail), false)
        case .refused(let refusal): throw refusal
        case .verified(let identity, let idToken, let timing):
            if let change = credential.identity?.change(to: identity) { throw IdentityRefusal(change) }
            // The first token that can be verified sets the identity, and time is a part of that.
            if timing != nil, credential.identity == nil { return (nil, timing.map { .untimely(detail: $0) }, false) }
            let isNewlyKnown = credential.identity != identity
            credential.identity = identity
            return (idToken, timing.map { .untimely(detail: $0) }, isNewlyKnown)
        }
    }

    /// Only a confirmed `invalid_grant` ends a login: the store may hold a newer token than the one that was refused.
    private func confirmDeath(of credential: Credential, _ error: ProviderError, version: UInt64) async {
        let stored: Credential?
        do throws(StoreFailure) { stored = try await ports.reader.credential(of: account) } catch {
            return failed(.store(error), version: version)
        }
        if let newer = stored, newer.generation > credential.generation, newer.isRenewable {
            let newVersion: UInt64? = guarded.withLock { (guarded) -> UInt64? in
                guard guarded.state.version == version else { return nil }
                guarded.state.storedJournalKey = newer.journalKey
                guarded.state.adopt(newer, token: nil, grantedAt: ports.time.now, jitter: ports.jitter())
                return guarded.state.version
            }
            // Ends, because each round needs a larger generation than the one before.
            if let newVersion { await refresh(newer, version: newVersion) }
            return
        }
        var remains = credential
        remains.generation += 1
        remains.renewal = .none
        remains.expiry = nil
        // Kept with it, so that a restart does not make it look like a login that never was.
        let reason = guarded.withLock { $0.state.reasonOfDeath }
        remains.end = reason
        await save(remains, version: version)
        await ports.journal?.abandon(credential)
        guarded.withLock { $0.state.died(remains, reason, version: version) }
    }
}
