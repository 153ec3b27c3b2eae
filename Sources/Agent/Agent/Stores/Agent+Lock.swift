internal import Advice
public import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

/// The lock of the whole agent.
struct AgentLock: Sendable {
    var isClosed = false
    /// The passphrase for unlocking, in locked memory; `nil` if none is needed.
    var passphrase: SecretBytes?
    var guesses = PassphraseThrottle()
}

extension Agent {
    /// Stops serving. Returns when memory holds no tokens, no unsaved records and no key of a sealed store with a
    /// passphrase.
    public func lock(_ request: LockRequest) async throws(Problem) -> LockReply {
        if let passphrase = request.passphrase { try await checkNew(passphrase) }
        let (accounts, logins) = state.withLock { state in
            // A second lock must not replace the passphrase of the first.
            if !state.lock.isClosed { state.lock.passphrase = request.passphrase.map { SecretBytes($0) } }
            state.lock.isClosed = true
            return (Array(state.accounts.values), Array(state.logins.values))
        }
        // Their tokens would be in memory, where a locked agent must not keep any.
        for login in logins { login.stop(.locked) }
        for login in logins { await login.wait() }
        await withDiscardingTaskGroup { group in
            for account in accounts { group.addTask { await account.vault.lock() } }
        }
        await parts.stores.keyed.close()
        _ = await parts.stores[.sealed].store.probe()
        parts.transport.closeConnections()
        DeadStack.clear()
        parts.logger.notice("locked")
        report(AgentNews(.locked, account: nil, .agentLocked))
        return LockReply(locked: true)
    }

    private func checkNew(_ passphrase: String) async throws(Problem) {
        try Self.checkLength(of: passphrase)
        if await parts.stores.keyed.describe().keySource == .passphrase {
            throw Problem(
                .badRequest, "the sealed store has a passphrase, which unlocking will ask for",
                hint: "leave the other passphrase out"
            )
        }
    }

    /// Serves again and opens the sealed store. Each wrong passphrase lengthens the delay, for its caller only.
    public func unlock(_ request: UnlockRequest) async throws(Problem) -> UnlockReply {
        if let passphrase = request.passphrase { try Self.checkLength(of: passphrase) }
        let given = request.passphrase.map { SecretBytes($0) }
        try await checkLock(given)
        try await openSealedStore(given)
        let accounts = state.withLock { state in
            state.lock.isClosed = false
            // Attempts that still wait were counted already.
            state.lock.passphrase = nil
            return Array(state.accounts.values)
        }
        for account in accounts { account.vault.unlock() }
        parts.logger.notice("unlocked")
        report(AgentNews(.unlocked))
        await readAnew(.sealed)
        await read(accounts)
        try await requireSealedStore()
        return UnlockReply(unlocked: true)
    }

    /// Throws if the sealed store fails after unlocking: with a store that cannot be written to, accounts serve only
    /// until their next renewal.
    private func requireSealedStore() async throws(Problem) {
        // Use the full description: an intact header does not prove that the store can be opened.
        let status = await parts.stores.keyed.describe().status
        if status.state == .notInitialized { return }
        do throws(StoreFailure) {
            if status.state == .failed { throw StoreFailure(status) }
            try await parts.stores[.sealed].store.prepareToSave()
        } catch {
            var failure = error
            failure.detail = "the agent is unlocked, but the sealed store fails: \(error.detail)"
            throw .store(failure)
        }
    }

    private func checkLock(_ given: SecretBytes?) async throws(Problem) {
        guard state.withLock({ $0.lock.passphrase }) != nil else { return }
        guard let given else { throw .passphraseMissing }
        let turn = state.withLock { $0.lock.guesses.begin(at: parts.time.now) }
        if turn == .refused {
            throw Problem(
                .tooManyRequests, "other passphrases are being checked", hint: "try again in a minute")
        }
        var isRight: Bool?
        defer { state.withLock { $0.lock.guesses.end(isRight: isRight, at: parts.time.now) } }
        if case .after(let notBefore) = turn {
            do throws(CancellationError) { try await parts.time.sleep(until: notBefore) } catch {
                throw Problem(.tooManyRequests, "the passphrase was not checked", hint: "run 'authagent unlock' again")
            }
        }
        // Another caller may have unlocked and locked it with another passphrase meanwhile.
        guard let passphrase = state.withLock({ $0.lock.passphrase }) else { return }
        isRight = given == passphrase
        guard given == passphrase else {
            parts.logger.notice("unlocking refused")
            throw Problem(.wrongPassphrase, "the passphrase is wrong", hint: "run 'authagent unlock' again")
        }
    }

    private func openSealedStore(_ given: SecretBytes?) async throws(Problem) {
        let store = await parts.stores.keyed.describe()
        // If the key source cannot be read, the store may have a passphrase: stay locked.
        if store.keySource == nil, store.status.state == .failed {
            let detail = store.status.detail ?? "the sealed store fails"
            throw .store(StoreFailure(.failed, detail, hint: store.status.hint))
        }
        guard store.keySource == .passphrase else { return }
        // Check a given passphrase even if the store is open, so that the caller learns whether it is right.
        guard let given else {
            if store.status.state == .locked { throw .passphraseMissing }
            return
        }
        do throws(KeyedStoreFailure) { try await parts.stores.keyed.unlock(with: given) } catch {
            parts.logger.notice("unlocking refused", metadata: ["store": "sealed"])
            throw Problem(error)
        }
    }

    static let passphraseLengths = 1...1024

    static func checkLength(of passphrase: String) throws(Problem) {
        guard passphraseLengths.contains(passphrase.utf8.count) else {
            throw Problem(.badRequest, "the passphrase is empty or too long", hint: "give 1 to 1024 bytes")
        }
    }

    /// Throws while the agent is locked: no login, logout or change of a store.
    func requireUnlocked() throws(Problem) {
        if state.withLock({ $0.lock.isClosed }) { throw .agentLocked }
    }

    /// Throws while the agent or the account is locked; `lock_after` may have locked the account.
    func requireUnlocked(_ name: AccountName) throws(Problem) {
        let reason = state.withLock { $0.lock.isClosed } ? .requested : known(name)?.vault.lockReason
        if let reason { throw Problem(.locked(reason), account: name) }
    }

    /// Creates an account that inherits the lock of the one that it replaces.
    func make(_ name: AccountName, _ settings: AccountSettings, insteadOf old: Account? = nil) -> Account {
        let reason = state.withLock { $0.lock.isClosed } ? .requested : old?.vault.lockReason
        return Account(name: name, settings: settings, surroundings: surroundings, lock: reason)
    }
}

extension Agent.State {
    /// Publishes the account to requests. If the agent was locked while it was created, it is locked too.
    mutating func install(_ account: Account) {
        accounts[account.name] = account
        fileErrors[account.name] = nil
        if lock.isClosed { account.vault.close(.requested) }
    }
}

extension Problem {
    fileprivate static let agentLocked = Problem(
        .locked, "the agent is locked", hint: "run 'authagent unlock'", reason: LockReason.requested.rawValue
    )

    fileprivate static let passphraseMissing = Problem(
        .locked, "unlocking needs the passphrase", hint: "run 'authagent unlock', which prompts for it",
        reason: Problem.passphraseRequired
    )
}
