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
            identity: person.identity,
            expiry: grant.refreshToken == nil ? nil : LoginExpiry.after(grant, earlier: nil, at: ports.time.wall)
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

    /// What a logout has ended.
    public struct Ended: Sendable {
        /// What there is to revoke; nil when there was no login.
        public let credential: Credential?
        let version: UInt64
    }

    /// Stops serving and refreshing. Waits for a refresh that is under way, so that the newest refresh token is the one
    /// that is revoked.
    public func signOut() async throws(StoreFailure) -> Ended {
        await readIfUnread()
        let result: Result<Ended, StoreFailure> = await exclusively {
            self.guarded.withLock { guarded in
                if let failure = guarded.state.storeFailure { return .failure(failure) }
                let credential = guarded.state.credential
                guarded.state.signOut()
                return .success(Ended(credential: credential, version: guarded.state.version))
            }
        }
        return try result.get()
    }

    /// Removes the ended login from the store, unless a new one has come meanwhile. The client itself, if it has a
    /// secret, stays for the next login.
    public func forget(_ ended: Ended) async throws(StoreFailure) {
        let result: Result<Void, StoreFailure> = await exclusively {
            guard self.guarded.withLock({ $0.state.version == ended.version }) else { return .success(()) }
            do throws(StoreFailure) { return .success(try await self.forgetStored(ended.credential)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func forgetStored(_ credential: Credential?) async throws(StoreFailure) {
        if let client = credential?.signedOut() { return try await ports.store.save(client.record) }
        if credential == nil, case .credential(let stored) = try await ports.reader.find(account), !stored.isSignedIn {
            // Only the client is left, from an earlier logout.
            return
        }
        try await ports.store.remove(RecordKey(account: account, purpose: .login))
    }

    /// Ends this account's life in memory, when another takes its place: what is under way ends up in the store first,
    /// and so does what the store still lacks.
    public func retire() async {
        await exclusively {
            let unsaved = self.guarded.withLock { $0.state.unsaved == nil ? nil : $0.state.credential }
            if let unsaved { try? await self.ports.store.save(unsaved.record) }
            self.guarded.withLock { $0.state.signOut() }
        }
    }
}
