internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth
internal import Vault

/// The status of the agent and of its accounts.
struct StatusReader: Sendable {
    private let shared: SharedParts
    private let registry: AccountRegistry
    private let logins: Logins
    private let sinks: Sinks
    private let renewals: Renewals
    private let socket: String
    private let processID: Int32
    private let environment: [String: String]

    init(
        shared: SharedParts, registry: AccountRegistry, logins: Logins, sinks: Sinks, renewals: Renewals,
        _ parts: Agent.Parts
    ) {
        (self.shared, self.registry, self.logins, self.sinks) = (shared, registry, logins, sinks)
        self.renewals = renewals
        (socket, processID, environment) = (parts.socket, parts.processID, parts.environment)
    }

    func status(of isIncluded: @escaping @Sendable (AccountName) -> Bool) async -> StatusReport {
        async let keyringAnswer = shared.keyringStatus()
        _ = await shared.stores[.sealed].store.probe()
        let keyring = await keyringAnswer
        let agent = health()
        // Read stores that were locked at the start and may be unlocked by now.
        await registry.read(
            registry.accounts.filter { account in
                isIncluded(account.name) && account.vault.isUnread
                    && (keyring.state == .ok || account.settings.usedStore != .keyring)
            })
        // Logins first: one that ends now has its account by the time that the accounts are read.
        let logins = logins.pending
        let (accounts, errors) = registry.rows
        var rows = accounts.values.filter { isIncluded($0.name) }
            .map { status(of: $0, isLoggingIn: logins[$0.name] != nil) }
        for (name, pending) in logins where accounts[name] == nil && isIncluded(name) {
            rows.append(status(of: name, pending.settings, .loginPending))
        }
        for (name, error) in errors where accounts[name] == nil && logins[name] == nil && isIncluded(name) {
            rows.append(status(of: name, error))
        }
        let files = sinks.list().sinks
        return StatusReport(
            agent: agent, accounts: rows.sorted { $0.account < $1.account }, sinks: files.isEmpty ? nil : files)
    }

    /// The accounts' states now. Asks no store.
    var states: [AccountName: AccountStatus.State] {
        registry.rows.accounts.mapValues { account in
            let snapshot = account.vault.snapshot(keepAlive: account.settings.keepAlive)
            return summary(of: account, snapshot, isLoggingIn: false).0
        }
    }

    func status(of name: AccountName) async throws(Problem) -> AccountStatus {
        let pending = logins.pending[name]
        if let pending, registry.known(name) == nil { return status(of: name, pending.settings, .loginPending) }
        let account = try registry.account(name)
        await account.vault.readIfUnread()
        return status(of: account, isLoggingIn: pending != nil)
    }

    /// Returns at once, with the last known state of the stores.
    func health() -> AgentStatus {
        let (keyring, sealed) = (shared.storeHealth.keyring, shared.storeHealth.sealed)
        return AgentStatus(
            version: agentVersion,
            pid: processID,
            socket: socket,
            storeState: keyring.state,
            storeDetail: keyring.detail,
            storeHint: keyring.state == .ok || keyring.state == .unknown ? nil : StoreAdvice(keyring).hint,
            sealedState: sealed?.state,
            sealedDetail: sealed?.detail,
            sealedHint: sealed.flatMap { $0.state == .ok ? nil : StoreAdvice($0).hint },
            locked: registry.isLocked ? true : nil,
            environment: AgentVariables.shown(environment)
        )
    }

    /// Returns the account's state and the problem behind it, which may be another account's.
    private func summary(
        of account: Account, _ snapshot: AccountSnapshot, isLoggingIn: Bool
    ) -> (AccountStatus.State, Problem?) {
        let own = snapshot.summary(account.name, isLoggingIn: isLoggingIn)
        let now = shared.time.now
        guard own.0 == .ok, account.vault.heldToken(for: nil)?.isValid(at: now) != true,
            let source = registry.lostSource(of: account, at: now)
        else { return own }
        return (.loginRequired, Problem(.subjectLoginRequired(source), account: account.name))
    }

    private func status(of account: Account, isLoggingIn: Bool) -> AccountStatus {
        let settings = account.settings
        let snapshot = account.vault.snapshot(keepAlive: settings.keepAlive)
        var (state, problem) = summary(of: account, snapshot, isLoggingIn: isLoggingIn)
        if let unwritten = account.unwritten, state == .ok { (state, problem) = (.unsaved, .configuration(unwritten)) }
        if let conflict = registry.urlConflict(of: account.name)?.error {
            if var both = problem {
                both.detail += "; \(conflict)"
                both.hint = [both.hint, conflict.hint].compactMap(\.self).joined(separator: "; ")
                problem = both
            } else {
                problem = .configuration(conflict)
            }
        }
        let elevated = account.vault.elevatedLogins.map { login in
            ElevatedStatus(
                acr: DisplayText.clean(login.context), authTime: login.authenticatedAt,
                expiresAt: login.token.expiresAt.map { shared.time.wall(at: $0) },
                scope: login.token.scope.joined(separator: " "))
        }
        let isNearItsEnd =
            snapshot.loginExpiry?.isNear(at: shared.time.wall, before: settings.warnBefore) ?? false
        var status = AccountStatus(
            account: account.name,
            state: state,
            issuer: settings.providerName,
            scope: (snapshot.scope.isEmpty ? settings.scopes : snapshot.scope).joined(separator: " "),
            store: settings.store.rawValue,
            subject: snapshot.identity.map { DisplayText.clean($0.subject) },
            email: snapshot.identity?.email.map { DisplayText.clean($0, limit: 254) },
            name: snapshot.identity?.name.map { DisplayText.clean($0, limit: 128) },
            expiresAt: snapshot.expiresAt.map { shared.time.wall(at: $0) },
            nextRefresh: snapshot.nextRefresh.map { shared.time.wall(at: $0) },
            lastRefresh: snapshot.lastRefresh.map { shared.time.wall(at: $0) },
            loginExpiresAt: snapshot.loginExpiry?.at,
            urls: settings.urls.isEmpty ? nil : settings.urls.map(\.text),
            gitUsername: settings.gitUsername,
            registryUsername: settings.registryUsername,
            lastError: problem?.detail,
            hint: problem?.hint ?? (isNearItsEnd ? "run 'authagent login \(account.name)'" : nil),
            renewal: renewals.status(of: account, snapshot.login),
            elevated: elevated.isEmpty ? nil : elevated
        )
        status.setMachine(settings)
        return status
    }

    private func status(
        of name: AccountName, _ settings: AccountSettings, _ state: AccountStatus.State
    ) -> AccountStatus {
        var status = AccountStatus(
            account: name,
            state: state,
            issuer: settings.providerName,
            scope: settings.scopes.joined(separator: " "),
            store: settings.store.rawValue
        )
        status.setMachine(settings)
        return status
    }

    private func status(of name: AccountName, _ error: ConfigurationError) -> AccountStatus {
        AccountStatus(
            account: name,
            state: .loginRequired,
            issuer: "",
            scope: "",
            store: "",
            lastError: error.description,
            hint: error.hint
        )
    }
}

extension AccountSnapshot {
    /// Returns the account's state and the problem behind it.
    func summary(
        _ account: AgentAPI.AccountName, isLoggingIn: Bool
    ) -> (AccountStatus.State, Problem?) {
        let problem = lastFailure.map { Problem($0, account: account) }
        switch login {
        case .active:
            if let unsaved { return (.unsaved, .store(unsaved)) }
            // The account still serves access tokens, so the state is not an error.
            let narrowed = LostScope(lostScope).map {
                Problem(.scopeNotGranted, $0.text, hint: "run 'authagent login \(account)' to get it back")
            }
            let lesser = narrowed ?? idTokenProblem.map { Problem(.noIDToken($0), account: account) }
            if isLoggingIn { return (.loginPending, problem ?? lesser) }
            return (lastFailure.map(AccountStatus.State.init) ?? .ok, problem ?? lesser)
        case .locked(let reason): return (.locked, Problem(.locked(reason), account: account))
        case .unread(let failure?): return (isLoggingIn ? .loginPending : .locked, .store(failure))
        case .unread(nil): return (isLoggingIn ? .loginPending : .locked, nil)
        case .loginRequired(let reason):
            return (
                isLoggingIn ? .loginPending : .loginRequired, Problem(.loginRequired(reason), account: account)
            )
        }
    }
}

extension AccountStatus {
    /// Sets what an account without a person has beyond others.
    fileprivate mutating func setMachine(_ settings: AccountSettings) {
        grant = settings.machineGrant?.rawValue
        // A keyring that is missing does not matter to it.
        store = (settings.usedStore ?? .memory).rawValue
        (derivedFrom, actor) = (settings.derivedFrom, settings.actorAccount)
    }
}

extension AccountStatus.State {
    /// Maps the failure of the account's last refresh to its state.
    fileprivate init(_ failure: TokenFailure) {
        switch failure {
        case .loginDemanded, .subjectLoginRequired: self = .loginRequired
        case .identityRefused, .providerRejected, .providerChanged, .clientRefused, .grantRefused: self = .refused
        case .providerUnreachable, .configuration, .store, .loginRequired, .locked, .noIDToken, .targetRefused,
            .abandoned:
            self = .offline
        }
    }
}
