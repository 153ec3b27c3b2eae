internal import Advice
public import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth
internal import Synchronization
internal import Vault

extension Agent {
    /// Returns at once, with the last known state of the stores.
    public func health() async -> AgentStatus { agentStatus() }

    public func status(
        of isIncluded: @escaping @Sendable (AccountName) -> Bool = { _ in true }
    ) async -> StatusReport {
        async let keyringAnswer = keyringStatus()
        _ = await parts.stores[.sealed].store.probe()
        let keyring = await keyringAnswer
        let agent = agentStatus()
        // Read stores that were locked at the start and may be unlocked by now.
        await read(
            state.withLock { state in
                state.accounts.values.filter { account in
                    isIncluded(account.name) && account.vault.isUnread
                        && (keyring.state == .ok || account.settings.store != .keyring)
                }
            })
        let (accounts, logins, errors) = state.withLock { ($0.accounts, $0.logins, $0.fileErrors) }
        var rows = accounts.values.filter { isIncluded($0.name) }
            .map { status(of: $0, isLoggingIn: logins[$0.name] != nil) }
        for (name, pending) in logins where accounts[name] == nil && isIncluded(name) {
            rows.append(status(of: name, pending.settings, .loginPending))
        }
        for (name, error) in errors where accounts[name] == nil && logins[name] == nil && isIncluded(name) {
            rows.append(status(of: name, error))
        }
        return StatusReport(agent: agent, accounts: rows.sorted { $0.account < $1.account })
    }

    public func status(of name: AccountName) async throws(Problem) -> AccountStatus {
        let pending = state.withLock { $0.logins[name] }
        if let pending, known(name) == nil { return status(of: name, pending.settings, .loginPending) }
        let account = try account(name)
        await account.vault.readIfUnread()
        return status(of: account, isLoggingIn: pending != nil)
    }

    private func agentStatus() -> AgentStatus {
        let (keyring, sealed) = (storeHealth.keyring, storeHealth.sealed)
        let isLocked = state.withLock { $0.lock.isClosed }
        return AgentStatus(
            version: agentVersion,
            pid: parts.processID,
            socket: parts.socket,
            storeState: keyring.state,
            storeDetail: keyring.detail,
            storeHint: keyring.state == .ok || keyring.state == .unknown ? nil : StoreAdvice(keyring).hint,
            sealedState: sealed?.state,
            sealedDetail: sealed?.detail,
            sealedHint: sealed.flatMap { $0.state == .ok ? nil : StoreAdvice($0).hint },
            locked: isLocked ? true : nil,
            environment: AgentVariables.shown(parts.environment)
        )
    }

    /// The limit for the keyring's answer; after it, status reports the keyring as `hung`.
    private static let keyringPatience: Duration = .seconds(1)

    func keyringStatus() async -> StoreStatus {
        let store = parts.stores[.keyring].store
        let deadline = parts.time.now + Self.keyringPatience
        let status = await withTaskGroup(of: StoreStatus?.self) { group in
            group.addTask { await store.probe() }
            group.addTask {
                try? await self.parts.time.sleep(until: deadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            // A probe that timed out still reports which program it called.
            let program = (await group.next() ?? nil)?.program ?? storeHealth.keyring.program
            return StoreStatus(.hung, detail: "the keyring did not answer within 1 s", program: program)
        }
        storeHealth.learned(status, of: .keyring)
        return status
    }

    private func status(of account: Account, isLoggingIn: Bool) -> AccountStatus {
        let settings = account.settings
        let snapshot = account.vault.snapshot(keepAlive: settings.keepAlive)
        var (state, problem) = snapshot.summary(account.name, isLoggingIn: isLoggingIn)
        if let unwritten = account.unwritten, state == .ok { (state, problem) = (.unsaved, .configuration(unwritten)) }
        let isNearItsEnd = snapshot.loginExpiry?.isNear(at: parts.time.wall) ?? false
        return AccountStatus(
            account: account.name,
            state: state,
            issuer: settings.providerName,
            scope: (snapshot.scope.isEmpty ? settings.scopes : snapshot.scope).joined(separator: " "),
            store: settings.store.rawValue,
            subject: snapshot.identity.map { DisplayText.clean($0.subject) },
            email: snapshot.identity?.email.map { DisplayText.clean($0, limit: 254) },
            name: snapshot.identity?.name.map { DisplayText.clean($0, limit: 128) },
            expiresAt: snapshot.expiresAt.map { parts.time.wall(at: $0) },
            nextRefresh: snapshot.nextRefresh.map { parts.time.wall(at: $0) },
            loginExpiresAt: snapshot.loginExpiry?.at,
            lastError: problem?.detail,
            hint: problem?.hint ?? (isNearItsEnd ? "run 'authagent login \(account.name)'" : nil)
        )
    }

    private func status(
        of name: AccountName, _ settings: AccountSettings, _ state: AccountStatus.State
    ) -> AccountStatus {
        AccountStatus(
            account: name,
            state: state,
            issuer: settings.providerName,
            scope: settings.scopes.joined(separator: " "),
            store: settings.store.rawValue
        )
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

extension AccountStatus.State {
    /// Maps the failure of the account's last refresh to its state.
    fileprivate init(_ failure: TokenFailure) {
        switch failure {
        case .loginDemanded: self = .loginRequired
        case .identityRefused, .providerRejected, .providerChanged, .clientRefused: self = .refused
        case .providerUnreachable, .configuration, .store, .loginRequired, .locked, .noIDToken, .targetRefused:
            self = .offline
        }
    }
}
