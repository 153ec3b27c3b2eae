public import OAuth
public import SecretMemory
internal import Synchronization

/// A login begins, and ends.
extension AccountVault {
    /// The client that a login was granted to.
    public struct GrantedClient: Sendable {
        public var issuer: String
        public var id: String
        public var secret: SecretBytes?

        public init(issuer: String, id: String, secret: SecretBytes?) {
            self.issuer = issuer
            self.id = id
            self.secret = secret
        }
    }

    /// Who has logged in, as far as anybody could check.
    public struct GrantedIdentity: Sendable {
        public var identity: Identity?
        public var idToken: HeldIDToken?
        /// Why there is no ID token.
        public var missing: NoIDToken?

        public init(identity: Identity? = nil, idToken: HeldIDToken? = nil, missing: NoIDToken? = .notIssued) {
            self.identity = identity
            self.idToken = idToken
            self.missing = missing
        }
    }

    /// Takes over a fresh grant: first the store, then memory.
    ///
    /// A store that fails now does not cost the login that somebody has just approved: the account is `unsaved`, and
    /// the failure is returned.
    public func adopt(
        _ grant: TokenGrant, to client: GrantedClient, of person: GrantedIdentity = GrantedIdentity(),
        askedScope: [String], requestedAt: ContinuousClock.Instant
    ) async -> (token: AccessToken, unsaved: StoreFailure?) {
        await exclusively { await self.take(grant, client, person, askedScope: askedScope, requestedAt: requestedAt) }
    }

    private func take(
        _ grant: TokenGrant, _ client: GrantedClient, _ person: GrantedIdentity, askedScope: [String],
        requestedAt: ContinuousClock.Instant
    ) async -> (token: AccessToken, unsaved: StoreFailure?) {
        // RFC 6749 §5.1: an absent scope is the one that was asked for.
        let scope = grant.scope ?? askedScope
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
            identity: person.identity
        )
        var failure: StoreFailure?
        do throws(StoreFailure) { try await ports.store.save(credential.record) } catch { failure = error }
        var token = AccessToken(
            grant, scope: scope, requestedAt: requestedAt, isRenewable: grant.refreshToken != nil
        )
        token.idToken = person.idToken
        guarded.withLock { [token] guarded in
            guarded.state.adopt(credential, token: token, grantedAt: requestedAt, jitter: ports.jitter())
            guarded.state.idTokenMissing(person.missing, at: requestedAt)
            if let failure { guarded.state.saveFailed(failure, at: ports.time.now, jitter: ports.jitter()) }
        }
        return (token, failure)
    }

    /// Stops serving and refreshing, and returns what there is to revoke. Waits for a refresh that is under way, so
    /// that the newest refresh token is the one that is revoked.
    public func signOut() async throws(StoreFailure) -> Credential? {
        await readIfUnread()
        let result: Result<Credential?, StoreFailure> = await exclusively {
            self.guarded.withLock { guarded in
                if let failure = guarded.state.storeFailure { return .failure(failure) }
                let credential = guarded.state.credential
                guarded.state.signOut()
                return .success(credential)
            }
        }
        return try result.get()
    }

    /// Removes the login from the store. The client itself, if it has a secret, stays for the next login.
    public func forget(_ credential: Credential?) async throws(StoreFailure) {
        if let client = credential?.signedOut() {
            try await ports.store.save(client.record)
        } else {
            try await ports.store.remove(RecordKey(account: account, purpose: .login))
        }
    }
}
