internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import Logging
internal import OAuth
internal import Vault

/// One run of a login, from its start to its final event.
struct LoginRun: Sendable {
    private let pending: PendingLogin
    /// Whether the account file is to be written.
    private let isNew: Bool
    /// Not the account's own provider: a failed login must leave an earlier login unchanged.
    private let provider: Provider
    private let clients: LoginClients
    private let secrets: LoginSecrets
    private let shared: SharedParts
    private let registry: AccountRegistry
    private let sessions: ProviderSessions

    init(
        _ pending: PendingLogin, isNew: Bool, _ secrets: LoginSecrets, _ shared: SharedParts,
        _ registry: AccountRegistry, _ revocations: RevocationQueue, _ registrations: LeftRegistrations
    ) {
        (self.pending, self.isNew, self.secrets) = (pending, isNew, secrets)
        (self.shared, self.registry) = (shared, registry)
        sessions = ProviderSessions(shared: shared, queue: revocations)
        provider = Provider(settings: pending.settings, shared: shared)
        clients = LoginClients(
            name: pending.account, provider: provider, secrets: secrets, shared: shared, registry: registry,
            revocations: revocations, registrations: registrations
        )
    }

    private var name: AccountName { pending.account }
    private var settings: AccountSettings { pending.settings }
    private var isRenewal: Bool { pending.renewal != nil }
    private var elevation: Elevation {
        Elevation(name: name, settings: settings, shared: shared, registry: registry)
    }

    func run() async -> LoginEvent {
        shared.logger.info("login started", metadata: ["account": "\(name)"])
        shared.feed.report(AgentNews(.loginStarted, account: name))
        do throws(LoginError) {
            let result = try await attempt()
            shared.logger.info("login done", metadata: ["account": "\(name)"])
            shared.feed.report(.loggedIn(result))
            if !isRenewal, !pending.demands.isElevated { await shared.renewals.resume(name) }
            return .done(result)
        } catch {
            let failure = pending.stopReason.map(LoginError.init) ?? error
            if isRenewal || pending.grant == .ciba { await noteForRenewals(failure) }
            // With demands, the account's name alone would start another login.
            let isRepeatable = registry.known(name) != nil && pending.demands == LoginDemands()
            let event = failure.failure(for: name, hasFile: isRepeatable, grant: pending.grant)
            shared.logger.notice("login failed", metadata: ["account": "\(name)", "code": "\(event.code)"])
            shared.feed.report(.loginFailed(name, event))
            return .failed(event)
        }
    }

    /// Has the agent not ask the user again where that is pointless, or against the user's wish.
    private func noteForRenewals(_ failure: LoginError) async {
        if let stop = failure.renewalStop, isRenewal || stop == .declined {
            await shared.renewals.stop(name, stop)
        } else if isRenewal {
            shared.renewals.failed(name)
        }
    }

    private func attempt() async throws(LoginError) -> LoginResult {
        let isElevated = pending.demands.isElevated
        // Check the store before a person is asked to approve: it must be able to take the result.
        if isElevated { try await elevation.begin() } else { try await requireStore() }
        let file = isNew && !isElevated ? try prepareFile() : nil
        let grant = try await grant()
        pending.begin(grant)
        guard !isElevated else { return try await logIn(grant, try clients.clientOfLogin(), nil) }
        // The agent registers no client without a person.
        let client = try await clients.client(for: grant, mayRegister: !isRenewal)
        do throws(LoginError) { return try await logIn(grant, client, file) } catch {
            guard !isRenewal, client.isLost(error) else { throw await clients.failed(error, client) }
        }
        // The registered client expired or was deleted at the provider. No approval was requested yet.
        let another = try await clients.registeredClient(for: grant)
        do throws(LoginError) { return try await logIn(grant, another, file) } catch {
            throw await clients.failed(error, another)
        }
    }

    private func logIn(
        _ grant: GrantKind, _ client: LoginClient, _ file: PreparedAccountFile?
    ) async throws(LoginError) -> LoginResult {
        let redirectURI = clients.redirectURI(of: client)
        var client = client.client
        // A person's login uses the provider's current hosts; without one, the client's secret goes to known hosts only.
        if !isRenewal { client.endpointHosts = nil }
        let (server, metadata): (AuthorizationServer, ServerMetadata?)
        do throws(OAuthFailure) {
            (server, metadata) = try await provider.connection(for: client, grant == .ciba ? .backchannel : .tokens)
        } catch { throw .oauth(error) }
        if let refusal = await provider.refusal(of: settings.authorizationDetails) {
            throw .detailsUnsupported(refusal)
        }
        client.endpointHosts = settings.hosts(of: server.endpoints)
        // Read before the approval: after it, nothing may delay storing the grant.
        let earlier = await clients.earlier()
        let clockLead = settings.issuer.flatMap { shared.metadata.clockLead(at: $0) }
        let context = LoginContext(
            server: server, metadata: metadata, otherwise: await provider.serverWithoutBasic(server, for: client),
            settings: settings, demands: pending.demands, time: shared.time, randomBytes: shared.randomBytes
        ) { [pending, id = client.id] in pending.report($0, clientID: id, clockLead: clockLead) }
        let granted = try await login(by: grant, context, redirectURI).run()
        client.authentication = granted.authentication ?? client.authentication
        // Unstructured task: cancelling it would lose a login that a person has just approved.
        let kept = Task { [client] () -> Result<LoginResult, LoginError> in
            switch await self.identify(granted, client) {
            case .success(let person):
                guard !self.pending.demands.isElevated else { return await self.elevate(granted, of: person, client) }
                guard self.pending.renewal?.isWanted() ?? true else {
                    return .failure(await self.discarded(.superseded, granted.grant, client))
                }
                return await self.keep(granted, of: person, client, earlier, file)
            case .failure(let error): return .failure(error)
            }
        }
        return try await kept.value.get()
    }

    /// The grant of this login. A renewal asks on the phone, whatever the grant of the login was.
    private func grant() async throws(LoginError) -> GrantKind {
        guard !isRenewal else { return .ciba }
        do throws(OAuthFailure) { return try await provider.loginGrant() } catch { throw .oauth(error) }
    }

    private func login(
        by grant: GrantKind, _ context: LoginContext, _ redirectURI: RedirectURI
    ) -> any LoginGrant {
        switch grant {
        case .device: return DeviceLogin(context: context)
        case .code:
            return CodeLogin(
                context: context, redirectURI: redirectURI, listeners: shared.redirectListeners, inbox: pending.inbox)
        case .ciba:
            var login = CibaLogin(context: context, userCode: secrets.user)
            if let renewal = pending.renewal { login.admit = renewal.admit }
            return login
        }
    }

    private func requireStore() async throws(LoginError) {
        let entry = shared.stores[settings.store]
        let status = await entry.store.probe()
        // Read again: a person who retries may have repaired the store, and the reader remembers failures.
        guard status.state != .ok else { return await entry.reader.readAnew() }
        let failure = StoreFailure(status)
        // The keyring is the default. Only a person may choose another store instead.
        guard settings.keys.store == nil else { throw .store(failure) }
        throw .noStore(failure, sealed: await shared.stores.keyed.probe().state)
    }

    private func prepareFile() throws(LoginError) -> PreparedAccountFile {
        do throws(ConfigurationError) { return try shared.directory.prepare(settings, for: name) } catch {
            throw .configuration(error)
        }
    }

    /// Returns the identity of a login, or discards a login whose ID token is invalid or has an unexpected subject.
    ///
    /// A token that cannot be verified is accepted unless a subject is expected: the access token came from the
    /// provider over TLS.
    private func identify(
        _ granted: GrantedLogin, _ client: AccountVault.GrantedClient
    ) async -> Result<AccountVault.GrantedIdentity, LoginError> {
        let verdict = await provider.identify(
            granted.grant, clientID: client.id, clientSecret: client.secret,
            expecting: IDTokenExpectation(nonce: granted.nonce), for: .login)
        let ciba =
            pending.grant == .ciba ? LoginRejection(ciba: verdict, renewing: pending.renewal?.identity) : nil
        let unmet = LoginRejection(verdict, pending.demands, at: shared.time.wall)
        if let login = ciba ?? LoginRejection(verdict, settings) ?? unmet {
            return .failure(await discarded(login, granted.grant, client))
        }
        switch verdict {
        case .absent: return .success(.init())
        case .verified(let identity, let idToken, let timing):
            if let timing {
                shared.logger.warning("an ID token is outside its validity period", metadata: ["reason": "\(timing)"])
            }
            // An ID token outside its validity period proves no identity; the next verifiable one sets it.
            return .success(
                .init(
                    identity: timing == nil ? identity : nil, idToken: idToken,
                    missing: timing.map { .untimely(detail: $0) }))
        case .unverified(let detail):
            shared.logger.warning("the ID token cannot be verified", metadata: ["reason": "\(detail)"])
            return .success(.init(missing: .unverified(detail: detail)))
        case .refused(let refusal):
            shared.logger.warning(
                "an unrequested ID token is ignored", metadata: ["reason": "\(refusal.detail)"])
            return .success(.init(missing: .unverified(detail: refusal.detail)))
        }
    }

    /// Keeps an elevated login beside the account's.
    private func elevate(
        _ granted: GrantedLogin, of person: AccountVault.GrantedIdentity, _ client: AccountVault.GrantedClient
    ) async -> Result<LoginResult, LoginError> {
        do throws(LoginRejection) { return .success(try elevation.keep(granted, of: person.identity, client)) } catch {
            return .failure(await discarded(error, granted.grant, client))
        }
    }

    /// Ends a login that is not kept.
    private func discarded(
        _ rejection: LoginRejection, _ grant: TokenGrant, _ client: AccountVault.GrantedClient
    ) async -> LoginError {
        // Some providers end every login of the client and the person with one of its tokens.
        let held = registry.known(name)?.vault.client
        if rejection.mayBeOfSamePerson, held?.issuer == client.issuer, held?.id == client.id {
            return .discarded(
                rejection, end: "its tokens are discarded, and not revoked, which could end the account's login too")
        }
        return .discarded(rejection, end: await revoke(grant, client))
    }

    /// Revokes the tokens of a discarded login and returns the result in words. Without retry: nothing of the login is
    /// stored.
    private func revoke(_ grant: TokenGrant, _ client: AccountVault.GrantedClient) async -> String {
        let server: AuthorizationServer
        do throws(OAuthFailure) {
            server = try await provider.server(for: client, .revocation)
        } catch {
            return "its tokens could not be revoked: \(error)"
        }
        let reply =
            if server.revokesTokens, let refreshToken = grant.refreshToken {
                await server.revoke(refreshToken, hint: .refreshToken)
            } else {
                await server.revoke(grant.accessToken, hint: .accessToken)
            }
        return switch reply {
        case .revoked: "its tokens are revoked"
        case .unsupported: "its tokens are discarded; the provider has no revocation endpoint"
        case .refused(let detail), .retry(let detail, _): "its tokens could not be revoked: \(detail)"
        }
    }

    /// Writes the account file, then the store, then memory: after a crash in between, a new login repairs the rest.
    /// A failure becomes a note: the tokens are kept as long as possible.
    private func keep(
        _ granted: GrantedLogin, of person: AccountVault.GrantedIdentity, _ client: AccountVault.GrantedClient,
        _ earlier: [EarlierClient], _ file: PreparedAccountFile?
    ) async -> Result<LoginResult, LoginError> {
        var unwritten: ConfigurationError?
        do throws(ConfigurationError) { try file?.commit() } catch { unwritten = error }
        let account = await accountAfterLogin()
        account.unwritten = unwritten
        if let unwritten {
            shared.logger.warning(
                "the login is kept until the agent ends: its account file cannot be written",
                metadata: ["account": "\(name)", "problem": "\(unwritten)"]
            )
        }
        let (token, unsaved) = await account.vault.adopt(
            granted.grant,
            to: client,
            of: person,
            askedScope: granted.scopes ?? settings.scopes,
            askedDetails: settings.authorizationDetails,
            requestedAt: granted.requestedAt
        )
        if let unsaved {
            shared.logger.warning(
                "the login is kept in memory until the store takes it",
                metadata: ["account": "\(name)", "store": "\(unsaved.state.rawValue)"]
            )
        } else {
            // Delete only now: after a crash, the earlier login and its client would be back.
            await clients.deleteReplaced(earlier, by: client)
        }
        let secondsLeft = token.secondsLeft(at: shared.time.now)
        return .success(
            LoginResult(
                account: name,
                subject: person.identity.map { DisplayText.clean($0.subject) },
                scope: token.scope.joined(separator: " "),
                expiresAt: secondsLeft.map { shared.time.wall + $0 },
                note: note(unwritten, unsaved, person.missing, granted.grant),
                acr: person.identity?.authentication.context.map { DisplayText.clean($0) },
                authTime: person.identity?.authentication.time
            )
        )
    }

    /// Returns the problems of a login that has succeeded, in words.
    private func note(
        _ unwritten: ConfigurationError?, _ unsaved: StoreFailure?, _ missing: NoIDToken?, _ grant: TokenGrant
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
        // RFC 9396 §7: what the reply does not name is not granted.
        let lost = settings.authorizationDetails?.reply(grant.authorizationDetails).notGranted ?? []
        let details =
            lost.isEmpty
            ? nil
            : "the provider has not granted authorization details of the type"
                + " '\(DisplayText.clean(lost.joined(separator: "', '"), limit: 200))'"
        let notes = [file, store, identity, details].compactMap(\.self)
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }

    /// Installs the account with its new settings. If the store changed, removes the record from the old one.
    private func accountAfterLogin() async -> Account {
        let old = registry.known(name)
        if let old, settings.continues(old.settings) {
            old.provider.settings = settings
            old.vault.apply(settings.lockLimits)
            registry.settingsChanged(of: old)
            return old
        }
        if let old {
            do throws(StoreFailure) {
                let ended = try await old.vault.signOut()
                // No other code would revoke the replaced login at its issuer.
                if let credential = ended.credential, !settings.isOfSameLogin(as: credential.client) {
                    await sessions.endReplaced(credential, accessToken: ended.accessToken, of: old)
                }
                // In the same store the new record replaces the old one atomically.
                if old.settings.store != settings.store { try await old.vault.forget(ended, withClient: true) }
            } catch {
                shared.logger.warning(
                    "the old store still has a record",
                    metadata: ["account": "\(name)", "store": "\(old.settings.store.rawValue)"]
                )
            }
        }
        let account = registry.make(name, settings, insteadOf: old)
        await account.vault.readIfUnread(withinLogin: true)
        registry.install(account)
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
