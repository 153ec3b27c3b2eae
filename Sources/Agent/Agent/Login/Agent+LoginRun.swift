internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import Logging
internal import OAuth
internal import Synchronization
internal import Vault

/// What happens between a login's start and its final event.
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
        // Before anybody is asked to approve anything: can what comes of it be kept?
        try await requireStore(of: settings)
        let file = isNew ? try prepareFile(settings, for: pending.account) : nil
        // Not the account's own provider yet: a login that fails leaves an earlier one as it is.
        let provider = Provider(settings: settings, surroundings: surroundings)
        let client = try await client(for: pending.account, provider, secrets)
        do throws(LoginError) { return try await logIn(pending, client, provider, file) } catch {
            guard client.isLost(error) else { throw await failed(error, client, for: pending.account, settings) }
        }
        // Expired or deleted at the provider. Nobody has been asked to approve anything yet.
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
        // A login goes where the provider is today.
        client.endpointHosts = nil
        let server: AuthorizationServer
        do throws(OAuthFailure) { server = try await provider.server(for: client) } catch { throw .oauth(error) }
        client.endpointHosts = provider.hosts(of: server.endpoints)
        // Read before anybody has approved: then nothing must stand between the grant and the store.
        let earlier = await earlierClients(of: pending.account, settings)
        let flow = LoginFlow(
            server: server, otherwise: await provider.serverWithoutBasic(server, for: client),
            clockLead: settings.issuer.flatMap { surroundings.metadata.clockLead(at: $0) },
            settings: settings, time: parts.time, randomBytes: parts.randomBytes
        ) { pending.report($0) }
        let granted = try await flow.run()
        client.authentication = granted.authentication ?? client.authentication
        // No parent: from here on, cancelling would lose what somebody has just approved.
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
        // What failed a moment ago, and is remembered for a moment, may be mended: that is why a person tries again.
        guard status.state != .ok else { return await reader.readAnew() }
        let failure = StoreFailure(status)
        // The keyring is the default. Another store in its place is for people to choose.
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

    /// First the account file, then the store, then memory: whatever a power cut leaves, `login` repairs. What fails here
    /// is a note: a person has approved, and the tokens are kept as long as they can be.
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
            // Before, a crash would bring the earlier login back, and its client.
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

    /// What is wrong with a login that is done.
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
                "the ID token is out of its time, so it is not served: \(detail); check this machine's clock"
            }
        let notes = [file, store, identity].compactMap(\.self)
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }

    /// The account with its new settings. One that changes its store leaves no record in the old one.
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
                // Nobody else would ever tell its issuer.
                if let credential = ended.credential, !settings.isOfSameLogin(as: credential.client) {
                    await endReplaced(credential, accessToken: ended.accessToken, of: old)
                }
                // In the same store the new record replaces it, with no moment between.
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
