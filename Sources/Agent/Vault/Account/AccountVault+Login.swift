public import OAuth
internal import SecretMemory
internal import Synchronization

/// The begin of a login.
extension AccountVault {
    /// Takes over a fresh grant: first into the store, then into memory.
    ///
    /// A store that fails now does not cost the login that a person has just approved: the account is `unsaved`, and
    /// the failure is returned.
    public func adopt(
        _ grant: TokenGrant, to client: GrantedClient, of person: GrantedIdentity = GrantedIdentity(),
        askedScope: [String], askedDetails: AuthorizationDetails? = nil, requestedAt: ContinuousClock.Instant
    ) async -> (token: AccessToken, unsaved: StoreFailure?) {
        await exclusively {
            await self.take(
                grant, client, person, askedScope: askedScope, askedDetails: askedDetails, requestedAt: requestedAt)
        }
    }

    private func take(
        _ grant: TokenGrant, _ client: GrantedClient, _ person: GrantedIdentity, askedScope: [String],
        askedDetails: AuthorizationDetails?, requestedAt: ContinuousClock.Instant
    ) async -> (token: AccessToken, unsaved: StoreFailure?) {
        // RFC 6749 §5.1: an absent scope is the requested one.
        let scope = grant.scope ?? askedScope
        let earlierKey = guarded.withLock { $0.state.storage.journalKey }
        let isLasting = grant.expiresIn == nil && grant.refreshToken == nil
        let credential = Credential(
            account: account,
            generation: guarded.withLock { $0.state.generation } + 1,
            issuer: client.issuer,
            clientID: client.id,
            clientSecret: client.secret,
            refreshToken: grant.refreshToken,
            lastingAccessToken: isLasting ? grant.accessToken : nil,
            scope: scope,
            grantedAt: ports.time.wall,
            identity: person.identity,
            registration: client.registration,
            expiry: grant.refreshToken == nil ? nil : LoginExpiry.after(grant, earlier: nil, at: ports.time.wall),
            journalKey: earlierKey ?? newJournalKey(),
            endpointHosts: client.endpointHosts,
            isScopeNamed: ScopeOrigin(grant, of: nil) == .named,
            clientAuthentication: client.authentication,
            // A renewal whose reply names none may have all of them.
            detailTypes: grant.areDetailsUnreadable
                ? nil : Set((askedDetails?.types ?? []) + (grant.authorizationDetails?.types ?? [])).sorted()
        )
        let failure = await copyToStore(credential)
        // The store may still have the key of the login before.
        var isJournaled = false
        if failure == nil {
            // Entries of earlier logins are obsolete.
            await ports.journal?.forget(account)
        } else if let journal = journal(of: credential) {
            isJournaled = (try? await journal.complete(credential)) != nil
        }
        var token = AccessToken(grant, scope: scope, requestedAt: requestedAt, isRenewable: credential.isRenewable)
        token.idToken = person.idToken
        token.suppose(askedDetails)
        guarded.withLock { [token, isJournaled] guarded in
            guarded.state.adopt(credential, token: token, grantedAt: requestedAt, jitter: ports.jitter())
            guarded.state.idTokenMissing(person.missing, at: requestedAt)
            guard let failure else { return }
            guarded.state.markUnsaved(isJournaled: isJournaled, at: ports.time.now)
            guarded.state.saveFailed(failure, at: ports.time.now, jitter: ports.jitter())
        }
        return (token, failure)
    }

    /// Stores a client that has no login yet, so that the next login finds it, even if this one fails. Returns false if
    /// there is a login, whose record it would replace.
    public func keep(_ client: GrantedClient) async throws(StoreFailure) -> Bool {
        await readIfUnread()
        let result: Result<Bool, StoreFailure> = await exclusively {
            let (state, wall) = (self.guarded.withLock { $0.state }, self.ports.time.wall)
            if let failure = state.storeFailure { return .failure(failure) }
            guard state.credential?.isSignedIn != true else { return .success(false) }
            let credential = Credential(
                account: self.account, generation: state.generation + 1, issuer: client.issuer, clientID: client.id,
                clientSecret: client.secret, refreshToken: nil, scope: [], grantedAt: wall,
                registration: client.registration
            )
            do throws(StoreFailure) { try await self.ports.store.save(credential.record) } catch {
                return .failure(error)
            }
            return .success(true)
        }
        return try result.get()
    }
}
