internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import Logging
internal import OAuth
internal import Vault

/// One run of a login, from its start to its final event.
struct LoginRun: Sendable {
    let pending: PendingLogin
    /// Whether the account file is to be written.
    let isNew: Bool
    /// Not the account's own provider: a failed login must leave an earlier login unchanged.
    let provider: Provider
    let clients: LoginClients
    let secrets: LoginSecrets
    let shared: SharedParts
    let registry: AccountRegistry
    let sessions: ProviderSessions

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

    var name: AccountName { pending.account }
    var settings: AccountSettings { pending.settings }
    private var isRenewal: Bool { pending.renewal != nil }
    var elevation: Elevation {
        Elevation(name: name, settings: settings, shared: shared, registry: registry)
    }

    func run() async -> LoginEvent {
        shared.logger.info("login started", metadata: ["account": "\(name)"])
        shared.feed.report(AgentNews(.loginStarted, account: name))
        do throws(LoginError) {
            let result = try await attempt()
            shared.logger.info("login done", metadata: ["account": "\(name)"])
            shared.feed.report(.loggedIn(result))
            noteForRenewals()
            return .done(result)
        } catch {
            // What became of an approved login matters more than what has stopped it.
            let failure = error.isOfApproved ? error : pending.stopReason.map(LoginError.init) ?? error
            noteForRenewals(failure)
            // With demands, the account's name alone would start another login.
            let isRepeatable = registry.known(name) != nil && pending.demands == LoginDemands()
            let event = failure.failure(for: name, hasFile: isRepeatable, grant: pending.grant)
            shared.logger.notice("login failed", metadata: ["account": "\(name)", "code": "\(event.code)"])
            shared.feed.report(.loginFailed(name, event))
            return .failed(event)
        }
    }

    private func attempt() async throws(LoginError) -> LoginResult {
        if let grant = settings.machineGrant { return try await tryMachine(grant) }
        let isElevated = pending.demands.isElevated
        // Check the store before a person is asked to approve: it must be able to take the result.
        if isElevated { try await elevation.begin() } else { try await requireStore() }
        let file = isNew && !isElevated ? try prepareFile() : nil
        let grant = try await grant()
        pending.begin(grant)
        try await requireOffer(of: grant)
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
        client.endpointHosts = settings.hosts(of: server.endpoints)
        // Read before the approval: after it, nothing may delay storing the grant.
        let earlier = await clients.earlier()
        let clockLead = settings.issuer.flatMap { shared.metadata.clockLead(at: $0) }
        let context = LoginContext(
            server: server, metadata: metadata, otherwise: await provider.serverWithoutBasic(server, for: client),
            settings: settings, demands: pending.demands, time: shared.time, randomBytes: shared.randomBytes,
            isCancelled: { [pending] in pending.isCancelled }
        ) { [pending, id = client.id] in pending.report($0, clientID: id, clockLead: clockLead) }
        let granted = try await login(by: grant, context, redirectURI).run()
        client.authentication = granted.authentication ?? client.authentication
        // Unstructured task: cancelling it would lose a login that a person has just approved.
        let kept = Task { [client] () -> Result<LoginResult, LoginError> in
            if grant == .code, self.pending.isCancelled {
                return .failure(await self.discarded(.cancelled, granted.grant, client))
            }
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
        // Unstructured task: other requests share the metadata, and a cancelled login does not wait for it.
        let choice = Task { [provider] () -> Result<GrantKind, OAuthFailure> in
            do throws(OAuthFailure) { return .success(try await provider.loginGrant()) } catch {
                return .failure(error)
            }
        }
        guard let result = await choice.valueUnlessCancelled else { throw .cancelled }
        do throws(OAuthFailure) { return try result.get() } catch { throw .oauth(error) }
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
            if let admit = pending.renewal?.admit ?? admitsOthers { login.admit = admit }
            return login
        }
    }

    func requireStore() async throws(LoginError) {
        let entry = shared.stores[settings.store]
        let status = await entry.store.probe()
        // Read again: a person who retries may have repaired the store, and the reader remembers failures.
        guard status.state != .ok else { return await entry.reader.readAnew() }
        let failure = StoreFailure(status)
        // The keyring is the default. Only a person may choose another store instead.
        guard settings.keys.store == nil else { throw .store(failure) }
        throw .noStore(failure, sealed: await shared.stores.keyed.probe().state)
    }

    func prepareFile() throws(LoginError) -> PreparedAccountFile {
        do throws(ConfigurationError) { return try shared.directory.prepare(settings, for: name) } catch {
            throw .configuration(error)
        }
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
