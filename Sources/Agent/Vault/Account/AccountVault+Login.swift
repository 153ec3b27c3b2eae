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
        /// Nil for a client that people have registered.
        public var registration: Registration?
        /// Where the login's secrets may go, as far as the provider decides that; nil when there is no login yet, or
        /// it is of an agent that did not keep this.
        public var endpointHosts: Set<String>?
        /// As in `Credential`.
        public var authentication: ClientAuthentication?

        public init(
            issuer: String, id: String, secret: SecretBytes?, registration: Registration? = nil,
            endpointHosts: Set<String>? = nil, authentication: ClientAuthentication? = nil
        ) {
            self.issuer = issuer
            self.id = id
            self.secret = secret
            self.registration = registration
            self.endpointHosts = endpointHosts
            self.authentication = authentication
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
        let earlierKey = guarded.withLock { $0.state.storedJournalKey }
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
            clientAuthentication: client.authentication
        )
        let failure = await store(credential)
        // The store may still have the key from the login before.
        var isJournaled = false
        if failure == nil {
            // What is left of earlier logins means nothing any more.
            await ports.journal?.forget(account)
        } else if let journal = journal(of: credential) {
            isJournaled = (try? await journal.complete(credential)) != nil
        }
        var token = AccessToken(
            grant, scope: scope, requestedAt: requestedAt, isRenewable: grant.refreshToken != nil
        )
        token.idToken = person.idToken
        guarded.withLock { [token, isJournaled] guarded in
            guarded.state.adopt(credential, token: token, grantedAt: requestedAt, jitter: ports.jitter())
            guarded.state.idTokenMissing(person.missing, at: requestedAt)
            guard let failure else { return }
            guarded.state.owes(isJournaled: isJournaled, at: ports.time.now)
            guarded.state.saveFailed(failure, at: ports.time.now, jitter: ports.jitter())
        }
        return (token, failure)
    }

    /// Stores a client that has no login yet, so that whatever becomes of the login, the next one finds it. False when
    /// there is a login, whose place it would take.
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

    /// What a logout has ended.
    public struct Ended: Sendable {
        /// What there is to revoke; nil when there was no login.
        public let credential: Credential?
        /// The access token of the last grant, if it has not expired.
        public let accessToken: SecretBytes?
        /// A record of a larger generation is of a login that came later.
        public let generation: UInt64
    }

    /// Stops serving and refreshing. Waits for a refresh that is under way, so that the newest refresh token is the one
    /// that is revoked.
    public func signOut() async throws(StoreFailure) -> Ended {
        await readIfUnread()
        let now = ports.time.now
        let result: Result<Ended, StoreFailure> = await exclusively {
            self.guarded.withLock { guarded in
                if let failure = guarded.state.storeFailure { return .failure(failure) }
                let ended = Ended(
                    credential: guarded.state.credential,
                    accessToken: guarded.state.token.flatMap { $0.isValid(at: now) ? $0.secret : nil },
                    generation: guarded.state.generation
                )
                guarded.state.signOut()
                return .success(ended)
            }
        }
        return try result.get()
    }

    /// Removes the ended login from the store, unless a new one has come meanwhile. The client itself, if it has a
    /// secret or was registered by the agent, stays for the next login, unless it is to go as well.
    public func forget(_ ended: Ended, withClient: Bool = false) async throws(StoreFailure) {
        let result: Result<Void, StoreFailure> = await exclusively {
            do throws(StoreFailure) { return .success(try await self.forgetStored(ended, withClient)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func forgetStored(_ ended: Ended, _ withClient: Bool) async throws(StoreFailure) {
        // First, because it could bring the login back; what the store has is older.
        await ports.journal?.forget(account)
        do throws(StoreFailure) { try await removeStored(ended, withClient) } catch {
            if let credential = ended.credential { try? await journal(of: credential)?.end(credential) }
            throw error
        }
    }

    private func removeStored(_ ended: Ended, _ withClient: Bool) async throws(StoreFailure) {
        if case .credential(let stored) = try await ports.reader.find(account) {
            // A new login is there, maybe another object's; or only the client is left, from an earlier logout.
            if stored.isSignedIn ? stored.generation > ended.generation : !withClient { return }
        }
        if !withClient, let client = ended.credential?.signedOut() {
            try await ports.store.save(client.record)
        } else {
            try await ports.store.remove(RecordKey(account: account, purpose: .login))
        }
    }

    /// A logout whose store could not be reached is completed, unless somebody has logged in since.
    func completeLogout(of credential: Credential) async {
        await exclusively {
            guard self.guarded.withLock({ $0.state.credential == nil }) else { return }
            let client = credential.signedOut()
            do throws(StoreFailure) {
                if let client {
                    try await self.ports.store.save(client.record)
                } else {
                    try await self.ports.store.remove(RecordKey(account: self.account, purpose: .login))
                }
                await self.ports.journal?.forget(self.account)
            } catch {
                // The journal still says that it is over.
            }
        }
    }

    /// Writes what the store still lacks, without waiting for its turn. A refresh under way is finished first.
    public func flush() async throws(StoreFailure) {
        let result: Result<Void, StoreFailure> = await exclusively {
            let (unsaved, credential) = self.guarded.withLock { ($0.state.unsaved, $0.state.credential) }
            guard let unsaved, let credential else { return .success(()) }
            let failure = await self.store(credential)
            self.guarded.withLock {
                $0.state.saved(credential, failure, at: self.ports.time.now, jitter: self.ports.jitter())
            }
            // What is in the journal is in the store after the next start.
            if let failure, !unsaved.isJournaled { return .failure(failure) }
            return .success(())
        }
        try result.get()
    }

    /// Ends this account's life in memory, when another object takes its place. What the store lacks is lost: `flush`
    /// comes first.
    public func retire() async { await exclusively { self.guarded.withLock { $0.state.signOut() } } }
}

extension Credential {
    /// The client without what was granted to it.
    public var client: AccountVault.GrantedClient {
        AccountVault.GrantedClient(
            issuer: issuer, id: clientID, secret: clientSecret, registration: registration,
            endpointHosts: endpointHosts, authentication: clientAuthentication
        )
    }
}
