internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import Logging
internal import OAuth
internal import Synchronization
internal import Vault

/// The run of a login, from its start to its final event.
extension Agent {
    func run(_ pending: PendingLogin, isNew: Bool, secrets: LoginSecrets) async -> LoginEvent {
        parts.logger.info("login started", metadata: ["account": "\(pending.account)"])
        report(AgentNews(.loginStarted, account: pending.account))
        do throws(LoginError) {
            let result = try await attempt(pending, isNew: isNew, secrets: secrets)
            parts.logger.info("login done", metadata: ["account": "\(pending.account)"])
            report(.loggedIn(result))
            return .done(result)
        } catch {
            let failure = pending.stopReason.map(LoginError.init) ?? error
            let event = failure.failure(for: pending.account, hasFile: known(pending.account) != nil)
            parts.logger.notice(
                "login failed", metadata: ["account": "\(pending.account)", "code": "\(event.code)"]
            )
            report(.loginFailed(pending.account, event))
            return .failed(event)
        }
    }

    private func attempt(
        _ pending: PendingLogin, isNew: Bool, secrets: LoginSecrets
    ) async throws(LoginError) -> LoginResult {
        let settings = pending.settings
        // Check the store before a person is asked to approve: it must be able to take the result.
        try await requireStore(of: settings)
        let file = isNew ? try prepareFile(settings, for: pending.account) : nil
        // Not the account's own provider: a failed login must leave an earlier login unchanged.
        let provider = Provider(settings: settings, surroundings: surroundings)
        let client = try await client(for: pending.account, provider, secrets)
        do throws(LoginError) { return try await logIn(pending, client, provider, file) } catch {
            guard client.isLost(error) else { throw await failed(error, client, for: pending.account, settings) }
        }
        // The registered client expired or was deleted at the provider. No approval was requested yet.
        let another = try await registeredClient(for: pending.account, provider, secrets)
        do throws(LoginError) { return try await logIn(pending, another, provider, file) } catch {
            throw await failed(error, another, for: pending.account, settings)
        }
    }

    private func logIn(
        _ pending: PendingLogin, _ client: LoginClient, _ provider: Provider, _ file: PreparedAccountFile?
    ) async throws(LoginError) -> LoginResult {
        let settings = pending.settings
        var client = client.client
        // A login uses the provider's current hosts.
        client.endpointHosts = nil
        let server: AuthorizationServer
        do throws(OAuthFailure) { server = try await provider.server(for: client) } catch { throw .oauth(error) }
        client.endpointHosts = settings.hosts(of: server.endpoints)
        // Read before the approval: after it, nothing may delay storing the grant.
        let earlier = await earlierClients(of: pending.account, settings)
        let flow = LoginFlow(
            server: server, otherwise: await provider.serverWithoutBasic(server, for: client),
            clockLead: settings.issuer.flatMap { surroundings.metadata.clockLead(at: $0) },
            settings: settings, time: parts.time, randomBytes: parts.randomBytes
        ) { pending.report($0) }
        let granted = try await flow.run()
        client.authentication = granted.authentication ?? client.authentication
        // Unstructured task: cancelling it would lose a login that a person has just approved.
        let kept = Task { [client] () -> Result<LoginResult, LoginError> in
            switch await self.identify(granted.grant, provider, client) {
            case .success(let person):
                return await self.keep(granted, of: person, pending.account, settings, client, earlier, file)
            case .failure(let error): return .failure(error)
            }
        }
        return try await kept.value.get()
    }

    private func requireStore(of settings: AccountSettings) async throws(LoginError) {
        let (store, reader) = (parts.stores[settings.store].store, parts.stores[settings.store].reader)
        let status = await store.probe()
        // Read again: a person who retries may have repaired the store, and the reader remembers failures.
        guard status.state != .ok else { return await reader.readAnew() }
        let failure = StoreFailure(status)
        // The keyring is the default. Only a person may choose another store instead.
        guard settings.keys.store == nil else { throw .store(failure) }
        throw .noStore(failure, sealed: await parts.stores.keyed.probe().state)
    }

    private func prepareFile(
        _ settings: AccountSettings, for name: AccountName
    ) throws(LoginError) -> PreparedAccountFile {
        do throws(ConfigurationError) { return try parts.directory.prepare(settings, for: name) } catch {
            throw .configuration(error)
        }
    }

    /// Writes the account file, then the store, then memory: after a crash in between, a new login repairs the rest.
    /// A failure becomes a note: the tokens are kept as long as possible.
    private func keep(
        _ granted: LoginFlow.Granted, of person: AccountVault.GrantedIdentity, _ name: AccountName,
        _ settings: AccountSettings, _ client: AccountVault.GrantedClient, _ earlier: [EarlierClient],
        _ file: PreparedAccountFile?
    ) async -> Result<LoginResult, LoginError> {
        var unwritten: ConfigurationError?
        do throws(ConfigurationError) { try file?.commit() } catch { unwritten = error }
        let account = await accountAfterLogin(name, settings)
        account.unwritten = unwritten
        if let unwritten {
            parts.logger.warning(
                "the login is kept until the agent ends: its account file cannot be written",
                metadata: ["account": "\(name)", "problem": "\(unwritten)"]
            )
        }
        let (token, unsaved) = await account.vault.adopt(
            granted.grant,
            to: client,
            of: person,
            askedScope: settings.scopes,
            requestedAt: granted.requestedAt
        )
        if let unsaved {
            parts.logger.warning(
                "the login is kept in memory until the store takes it",
                metadata: ["account": "\(name)", "store": "\(unsaved.state.rawValue)"]
            )
        } else {
            // Delete only now: after a crash, the earlier login and its client would be back.
            await deleteReplaced(earlier, by: client, of: name)
        }
        let secondsLeft = token.secondsLeft(at: parts.time.now)
        return .success(
            LoginResult(
                account: name,
                subject: person.identity.map { DisplayText.clean($0.subject) },
                scope: token.scope.joined(separator: " "),
                expiresAt: secondsLeft.map { parts.time.wall + $0 },
                note: Self.note(unwritten, unsaved, person.missing)
            )
        )
    }

    /// Returns the problems of a login that has succeeded, in words.
    private static func note(
        _ unwritten: ConfigurationError?, _ unsaved: StoreFailure?, _ missing: NoIDToken?
    ) -> String? {
        let file = unwritten.map { "the login lives until the agent ends: \($0); \($0.hint)" }
        let store = unsaved.map {
            "the login is in the agent's memory only until the store takes it: \($0.detail); \(StoreAdvice($0).hint)"
        }
        let identity: String? =
            switch missing {
            case nil, .notIssued, .expired: nil
            case .unverified(let detail): "the ID token cannot be verified, so who logged in is not known: \(detail)"
            case .untimely(let detail):
                "the ID token is outside its validity period and not served: \(detail); check this machine's clock"
            }
        let notes = [file, store, identity].compactMap(\.self)
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }

    /// Installs the account with its new settings. If the store changed, removes the record from the old one.
    private func accountAfterLogin(_ name: AccountName, _ settings: AccountSettings) async -> Account {
        let old = known(name)
        if let old, settings.continues(old.settings) {
            old.provider.settings = settings
            old.vault.apply(settings.lockLimits)
            return old
        }
        if let old {
            do throws(StoreFailure) {
                let ended = try await old.vault.signOut()
                // No other code would revoke the replaced login at its issuer.
                if let credential = ended.credential, !settings.isOfSameLogin(as: credential.client) {
                    await endReplaced(credential, accessToken: ended.accessToken, of: old)
                }
                // In the same store the new record replaces the old one atomically.
                if old.settings.store != settings.store { try await old.vault.forget(ended, withClient: true) }
            } catch {
                parts.logger.warning(
                    "the old store still has a record",
                    metadata: ["account": "\(name)", "store": "\(old.settings.store.rawValue)"]
                )
            }
        }
        let account = make(name, settings, insteadOf: old)
        await account.vault.readIfUnread(withinLogin: true)
        state.withLock { $0.install(account) }
        return account
    }
}

extension LoginError {
    init(_ reason: PendingLogin.StopReason) {
        self =
            switch reason {
            case .cancelled: .cancelled
            case .timedOut(let limit): .timedOut(after: limit)
            case .agentStopped: .agentStopped
            case .locked: .locked
            }
    }
}
