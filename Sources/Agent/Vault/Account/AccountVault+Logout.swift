public import SecretMemory
internal import Synchronization

/// The end of a login by the user's will.
extension AccountVault {
    /// What a logout has ended.
    public struct Ended: Sendable {
        /// What there is to revoke; `nil` if there was no login.
        public let credential: Credential?
        /// The access token of the last grant; `nil` if it has expired.
        public let accessToken: SecretBytes?
        /// A record with a larger generation belongs to a later login.
        public let generation: UInt64
        /// The elevated logins beside it, to be revoked as well.
        public let elevated: [ElevatedLogin]
        /// The other valid tokens of an account without a person, which no refresh token stands for.
        public let others: [SecretBytes]
    }

    /// Stops serving and refreshing. Waits for a running refresh, so that the newest refresh token is the one that is
    /// revoked.
    public func signOut() async throws(StoreFailure) -> Ended {
        await readIfUnread()
        let now = ports.time.now
        let result: Result<Ended, StoreFailure> = await exclusively {
            self.guarded.withLock { guarded in
                if let failure = guarded.state.storeFailure { return .failure(failure) }
                let ended = Ended(
                    credential: guarded.state.credential,
                    accessToken: guarded.state.slots.own.token.flatMap { $0.isRevocable(at: now) ? $0.secret : nil },
                    generation: guarded.state.generation,
                    elevated: guarded.state.elevated.valid(at: now),
                    others: guarded.state.isMachine ? guarded.state.slots.validTargeted(at: now) : []
                )
                guarded.state.signOut(as: guarded.state.isMachine ? .replaced : .signedOut(self.account))
                return .success(ended)
            }
        }
        // Only now: what they bring belongs to an ended login, and is dropped.
        await endRoleRequests()
        return try result.get()
    }

    /// Removes the ended login from the store, unless a new one has come meanwhile. A client that has a secret, or was
    /// registered by the agent, stays for the next login, unless `withClient` removes it as well.
    public func forget(_ ended: Ended, withClient: Bool = false) async throws(StoreFailure) {
        let result: Result<Void, StoreFailure> = await exclusively {
            do throws(StoreFailure) { return .success(try await self.forgetStored(ended, withClient)) } catch {
                return .failure(error)
            }
        }
        // A request since the logout may have read the secret that is gone now.
        withdraw(because: .replaced)
        try result.get()
    }

    private func forgetStored(_ ended: Ended, _ withClient: Bool) async throws(StoreFailure) {
        if let machine = ports.machine {
            // A store that is not needed may be missing, and mostly holds nothing.
            if !machine.needsStore { guard (try? await ports.reader.find(account)) != nil else { return } }
            return try await replaceStored(by: nil)
        }
        // First, because it could bring the login back; what the store has is older.
        await ports.journal?.forget(account)
        do throws(StoreFailure) { try await removeStored(ended, withClient) } catch {
            if let credential = ended.credential { try? await journal(of: credential)?.end(credential) }
            throw error
        }
    }

    private func removeStored(_ ended: Ended, _ withClient: Bool) async throws(StoreFailure) {
        if case .credential(let stored) = try await ports.reader.find(account) {
            // A new login, perhaps of another object; or only the client is left, from an earlier logout.
            if stored.isSignedIn ? stored.generation > ended.generation : !withClient { return }
        }
        try await replaceStored(by: withClient ? nil : ended.credential?.signedOut())
    }

    /// Removes the login's record, or puts the client's in its place.
    private func replaceStored(by client: Credential?) async throws(StoreFailure) {
        if let client {
            try await ports.store.save(client.record)
        } else {
            try await ports.store.remove(RecordKey(account: account, purpose: .login))
        }
    }

    /// Completes a logout whose store could not be reached, unless there has been a login since.
    func completeLogout(of credential: Credential) async {
        await exclusively {
            guard self.guarded.withLock({ $0.state.credential == nil }) else { return }
            do throws(StoreFailure) {
                try await self.replaceStored(by: credential.signedOut())
                await self.ports.journal?.forget(self.account)
            } catch {
                // The journal still has the end of the login.
            }
        }
    }

    /// Signs out in memory, because another object takes over the account. What the store lacks is lost: call `flush`
    /// first.
    public func retire() async {
        await exclusively { self.guarded.withLock { $0.retire() } }
        await endRoleRequests()
    }
}
