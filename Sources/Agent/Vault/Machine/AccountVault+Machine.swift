internal import AgentAPI
public import OAuth
public import SecretMemory
internal import Synchronization

/// Accounts without a person.
extension AccountVault {
    /// Reads what the account's requests need, if that is in the store.
    func readMachine(_ machine: any MachineRequester) async {
        var stored: Credential?
        var failure: StoreFailure?
        if machine.needsStore {
            do throws(StoreFailure) { stored = try await ports.reader.credential(of: account) } catch {
                failure = error
            }
        }
        let now = ports.time.now
        guarded.withLock { [stored, failure] guarded in
            if let failure {
                guarded.state.unreadable(failure, at: now)
            } else {
                guarded.state.stand(machine.credential(stored: stored))
            }
        }
        changed()
    }

    /// Drops the account's tokens, and what is under way: what they are made from or requested with has changed. The next
    /// request begins anew.
    public func withdraw(because change: SourceChange) { withdraw(because: change, keepsHosts: true) }

    /// Withdraws the account, whose settings have changed. The next request asks the provider anew where to go.
    public func settingsChanged() { withdraw(because: .replaced, keepsHosts: false) }

    private func withdraw(because change: SourceChange, keepsHosts: Bool) {
        let isChanged = guarded.withLock { guarded in
            guard ports.machine != nil else { return false }
            if !keepsHosts { guarded.state.forgetHosts() }
            guard guarded.state.credential != nil else {
                // A login that is under way must not install what it was given before.
                guarded.state.beginVersion()
                return false
            }
            guarded.state.signOut(as: change)
            guarded.state.reportLostSource(change)
            return true
        }
        if isChanged { changed() }
    }

    /// Grows with every change after which older results are dropped.
    public var version: UInt64 { guarded.withLock { $0.state.version } }

    /// Lets the next request try again at once, because a person has mended something.
    public func forgetBackoff() {
        guard ports.machine != nil else { return }
        guarded.withLock { $0.state.slots.forgetBackoff() }
        changed()
    }

    /// Takes over a token that a login has requested to try the account. Later requests go to `hosts`. Returns `nil` if
    /// the account is not of this version any more, and keeps nothing then.
    public func adoptMachine(
        _ grant: TokenGrant, secret: SecretBytes?, hosts: Set<String>?, scope: [String],
        requestedAt: ContinuousClock.Instant, version: UInt64
    ) async -> AccessToken? {
        guard let machine = ports.machine else { return nil }
        var credential = machine.credential(stored: nil)
        credential.clientSecret = secret
        credential.endpointHosts = hosts
        credential = credential.renewed(by: grant, for: nil, at: ports.time.wall)
        credential.lostScope = []
        let token = AccessToken(
            grant, scope: grant.scope ?? scope, of: credential, requestedAt: requestedAt, isRenewable: true)
        return await exclusively { [credential] in
            self.guarded.withLock { guarded in
                guard guarded.state.version == version else { return nil }
                guarded.state.adopt(credential, token: token, grantedAt: requestedAt, jitter: self.ports.jitter())
                guarded.state.idTokenMissing(.notIssued, at: requestedAt)
                return token
            }
        }
    }

    /// Puts the client's secret into the store, where the requests of a later agent find it, and the hosts to which alone
    /// they send it.
    public func storeSecret(_ secret: SecretBytes, hosts: Set<String>?) async throws(StoreFailure) {
        guard let machine = ports.machine else { return }
        var client = machine.credential(stored: nil)
        client.clientSecret = secret
        client.endpointHosts = hosts
        client.scope = []
        let result: Result<Void, StoreFailure> = await exclusively { [client] in
            do throws(StoreFailure) { return .success(try await self.ports.store.save(client.record)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Returns the account's own token as `token` does. One that is not an access token is handed out once: servers take
    /// an assertion a single time (RFC 7523 §3, `jti`).
    public func takeToken(minimumValidity: Duration) async throws(TokenFailure) -> ServedToken {
        while true {
            let served = try await servedToken(minimumValidity: minimumValidity, isHandedOut: false)
            guard served.token.type == TokenGrant.notAnAccessToken else { return served }
            // Another request may have taken it meanwhile, and a client may hold it.
            if guarded.withLock({ $0.state.slots.take(served.token.secret) }) { return served }
        }
    }
}

extension AccountState {
    /// The account has what its requests need. Ignored if it was locked meanwhile.
    mutating func stand(_ credential: Credential) {
        guard isUnread else { return }
        var credential = credential
        credential.endpointHosts = credential.endpointHosts ?? machineHosts
        login = .active(credential)
        storage.readAgain = nil
    }

    /// Forgets where the account's requests have gone: its new settings may name another place.
    mutating func forgetHosts() {
        machineHosts = nil
        if case .active(var credential) = login, isMachine {
            credential.endpointHosts = nil
            login = .active(credential)
        }
    }

    /// The store that may hold the client's secret cannot be read.
    mutating func unreadable(_ failure: StoreFailure, at now: ContinuousClock.Instant) {
        guard isUnread else { return }
        login = .unread(failure)
        storage.readAgain = now + Self.readGap
    }

    /// Reports that an account from which this one's tokens are made needs a login.
    mutating func reportLostSource(_ change: SourceChange) {
        guard case .signedOut(let source) = change else { return }
        notices.news.append(.subjectLoginRequired(source))
        notices.isDemandReported = true
    }
}
