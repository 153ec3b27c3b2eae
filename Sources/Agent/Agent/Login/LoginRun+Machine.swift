internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Vault

/// The "login" of an account without a person: one request for a token, which tries the settings before they are kept.
extension LoginRun {
    func tryMachine(_ grant: MachineGrant) async throws(LoginError) -> LoginResult {
        if pending.isByOthers, !isNew, let account = try? registry.account(name) { return try await serve(account) }
        try requireChain()
        let machine = MachineTokens(account: name, provider: provider, shared: shared)
        // Without a secret to keep or to find, a machine needs no store.
        if secrets.client != nil || machine.needsStore { try await requireStore() }
        if secrets.client != nil, !machine.needsStore {
            throw .unsuitable(
                problem: "the client secret would not be used: the account file names another proof",
                hint: "leave out --client-secret-file, or give --client-auth client_secret_basic")
        }
        let file = isNew ? try prepareFile() : nil
        var stored: Credential?
        if machine.needsStore {
            do throws(StoreFailure) {
                stored = try await shared.stores[settings.store].reader.credential(of: name)
            } catch { throw .store(error) }
        }
        var credential = machine.credential(stored: stored)
        credential.clientSecret = secrets.client ?? credential.clientSecret
        // A person's login uses the provider's current hosts.
        credential.endpointHosts = nil
        // By the owner's hand: what stands in a back-off may be mended now.
        if !pending.isByOthers { shared.sources.tryAgain(settings.sourceAccounts) }
        let sources = SourceStamps(settings, registry)
        let requestedAt = shared.time.now
        // Unstructured task: a cancelled login does not wait for the reply, which nothing is lost with.
        let request = Task { [credential] in
            await machine.request(credential, for: nil, claims: nil, mayRenewSource: true)
        }
        guard let result = await request.valueUnlessCancelled, !Task.isCancelled else { throw .cancelled }
        guard case .answered(.granted(let granted), let hosts) = result else {
            throw .machine(result.failure(of: grant) ?? .abandoned)
        }
        if let change = sources.change { throw .machine(change) }
        // A reload may have changed the others.
        try requireChain()
        return try await keep(granted, credential, hosts, file, sources, requestedAt: requestedAt)
    }

    /// Answers another user's login as a request for a token, which the account's back-off limits.
    private func serve(_ account: Account) async throws(LoginError) -> LoginResult {
        let served: ServedToken
        do throws(TokenFailure) {
            served = try await account.vault.token(minimumValidity: .seconds(Limits.defaultMinimumValidity))
        } catch { throw .machine(error) }
        var result = LoginResult(
            account: name, scope: served.token.scope.joined(separator: " "),
            expiresAt: served.secondsLeft.map { shared.time.wall + $0 }, note: nil)
        result.grant = settings.machineGrant?.rawValue
        result.issuedTokenType = served.token.issuedType?.name
        return result
    }

    /// Writes the account file, then the store, then memory. A failure becomes a note: what was tried works. Throws if
    /// what the token was made from has changed since `sources` were noted.
    private func keep(
        _ granted: TokenGrant, _ credential: Credential, _ hosts: Set<String>?, _ file: PreparedAccountFile?,
        _ sources: SourceStamps, requestedAt: ContinuousClock.Instant
    ) async throws(LoginError) -> LoginResult {
        var notes: [String] = []
        var unwritten: ConfigurationError?
        do throws(ConfigurationError) { try file?.commit() } catch {
            unwritten = error
            notes.append("the account lives until the agent ends: \(error); \(error.hint)")
        }
        let account = await accountAfterLogin()
        account.unwritten = unwritten
        // From here on a change ends this version; an earlier one has not found the account.
        let version = account.vault.version
        try requireUnchanged(sources, account)
        if let secret = credential.clientSecret, settings.mayNeedStoredSecret {
            do throws(StoreFailure) { try await account.vault.storeSecret(secret, hosts: hosts) } catch {
                notes.append("the store does not take the client secret: \(error.detail); \(StoreAdvice(error).hint)")
            }
        }
        let token = await account.vault.adoptMachine(
            granted, secret: credential.clientSecret, hosts: hosts, scope: settings.scopes, requestedAt: requestedAt,
            version: version)
        guard let token else {
            try requireUnchanged(sources, account)
            throw .machine(.providerUnreachable(detail: "the account '\(name)' has changed meanwhile"))
        }
        shared.schedule.changed()
        let missing = ScopeReply(token.scope, to: settings.scopes).notGranted
        if granted.scope != nil, !missing.isEmpty {
            let shown = DisplayText.clean(missing.joined(separator: " "), limit: 200)
            notes.append("the provider has not granted '\(shown)'")
        }
        var result = LoginResult(
            account: name, scope: token.scope.joined(separator: " "),
            expiresAt: token.secondsLeft(at: shared.time.now).map { shared.time.wall + $0 },
            note: notes.isEmpty ? nil : notes.joined(separator: "; "))
        result.grant = settings.machineGrant?.rawValue
        result.issuedTokenType = granted.issuedType?.name
        return result
    }

    /// Throws if the tokens would be made from themselves with the settings in force: the files, which were checked, may
    /// not be read yet.
    private func requireChain() throws(LoginError) {
        guard !settings.sourceAccounts.isEmpty else { return }
        do throws(ConfigurationError) {
            try shared.directory.requireChain(name, settings) { (try? registry.account($0))?.settings }
        } catch {
            var error = error
            error.hint = "run 'authagent reload'"
            throw .configuration(error)
        }
    }

    /// Throws if an account has changed from whose token the new one was made, and drops the older ones: they were
    /// requested with the settings from before the login.
    private func requireUnchanged(_ sources: SourceStamps, _ account: Account) throws(LoginError) {
        guard let change = sources.change else { return }
        account.vault.withdraw(because: .replaced)
        throw .machine(change)
    }
}
