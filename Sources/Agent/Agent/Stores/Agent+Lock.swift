internal import Advice
public import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

/// Whether the agent as a whole serves anything.
struct AgentLock: Sendable {
    var isClosed = false
    /// In locked memory until the agent is unlocked; nil: unlocking asks for none.
    var passphrase: SecretBytes?
    var guesses = PassphraseThrottle()
}

extension Agent {
    /// From now on nothing is served. Returns once memory is empty: of every token, of what a store could be given, and of
    /// the key of a sealed store that is kept by a passphrase.
    public func lock(_ request: LockRequest) async throws(Problem) -> LockReply {
        if let passphrase = request.passphrase { try await checkNew(passphrase) }
        let (accounts, logins) = state.withLock { state in
            // Whoever locks it again does not replace the passphrase that it is locked with.
            if !state.lock.isClosed { state.lock.passphrase = request.passphrase.map { SecretBytes($0) } }
            state.lock.isClosed = true
            return (Array(state.accounts.values), Array(state.logins.values))
        }
        // What they bring would be in memory, and nobody could use it.
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

    /// Serves again, and opens the sealed store. Waits longer after each wrong passphrase, and nobody else waits for that.
    public func unlock(_ request: UnlockRequest) async throws(Problem) -> UnlockReply {
        if let passphrase = request.passphrase { try Self.checkLength(of: passphrase) }
        let given = request.passphrase.map { SecretBytes($0) }
        try await checkLock(given)
        try await openSealedStore(given)
        let accounts = state.withLock { state in
            state.lock.isClosed = false
            // Those who still wait are counted in the guesses.
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

    /// What serves again may still lack its store, which the caller has to be told. One that cannot be written to
    /// serves until the next renewal only.
    private func requireSealedStore() async throws(Problem) {
        // As 'store status' has it: its header may be in order, and what else it needs may not.
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
                .tooManyRequests, "other passphrases are being checked", hint: "try again when that is over")
        }
        var isRight: Bool?
        defer { state.withLock { $0.lock.guesses.end(isRight: isRight, at: parts.time.now) } }
        if case .after(let notBefore) = turn {
            do throws(CancellationError) { try await parts.time.sleep(until: notBefore) } catch {
                throw Problem(.tooManyRequests, "the passphrase was not checked", hint: "run 'authagent unlock' again")
            }
        }
        // Somebody may have unlocked it meanwhile, and locked it with another one.
        guard let passphrase = state.withLock({ $0.lock.passphrase }) else { return }
        isRight = given == passphrase
        guard given == passphrase else {
            parts.logger.notice("unlocking refused")
            throw Problem(.wrongPassphrase, "the passphrase is wrong", hint: "run 'authagent unlock' again")
        }
    }

    private func openSealedStore(_ given: SecretBytes?) async throws(Problem) {
        let store = await parts.stores.keyed.describe()
        // Nothing tells whether it is kept by a passphrase, without which nothing is to be served again.
        if store.keySource == nil, store.status.state == .failed {
            let detail = store.status.detail ?? "the sealed store fails"
            throw .store(StoreFailure(.failed, detail, hint: store.status.hint))
        }
        guard store.keySource == .passphrase else { return }
        // Also when it is open: whoever gives a passphrase is told whether it is right.
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

    /// While the agent is locked nobody logs in or out, and no store is changed.
    func requireUnlocked() throws(Problem) {
        if state.withLock({ $0.lock.isClosed }) { throw .agentLocked }
    }

    /// The same for one account, which time may have locked as well.
    func requireUnlocked(_ name: AccountName) throws(Problem) {
        let reason = state.withLock { $0.lock.isClosed } ? .requested : known(name)?.vault.lockReason
        if let reason { throw Problem(.locked(reason), account: name) }
    }

    /// An account that takes the place of another one, if there was one, is as locked as that.
    func make(_ name: AccountName, _ settings: AccountSettings, insteadOf old: Account? = nil) -> Account {
        let reason = state.withLock { $0.lock.isClosed } ? .requested : old?.vault.lockReason
        return Account(name: name, settings: settings, surroundings: surroundings, lock: reason)
    }
}

extension Agent.State {
    /// From here on requests find the account; one that was made while somebody locked the agent is locked with it.
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
        .locked, "unlocking needs the passphrase", hint: "run 'authagent unlock', which asks for it",
        reason: Problem.passphraseRequired
    )
}
