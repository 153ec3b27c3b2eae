internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Vault

/// Locking and unlocking of the whole agent. `AccountRegistry` holds the state.
struct AgentLock: Sendable {
    let shared: SharedParts
    let registry: AccountRegistry
    let logins: Logins
    let stores: Stores
    let sinks: Sinks

    /// Stops serving. Returns when memory holds no tokens, no unsaved records and no key of a sealed store with a
    /// passphrase, and no file a token, except those of the reply.
    func lock(_ request: LockRequest) async throws(Problem) -> LockReply {
        if let passphrase = request.passphrase { try await checkNew(passphrase) }
        registry.close(request.passphrase)
        // At the same time: a file system that hangs must not keep the tokens in memory.
        async let kept = sinks.withdraw()
        // Their tokens would be in memory, where a locked agent must not keep any.
        await logins.stop(.locked)
        await withDiscardingTaskGroup { group in
            // Only now: a login that was ending may have replaced its account.
            for account in registry.accounts { group.addTask { await account.vault.lock() } }
        }
        await stores.closeSealed()
        let filesLeft = await kept
        shared.transport.closeConnections()
        DeadStack.clear()
        shared.logger.notice("locked")
        shared.feed.report(AgentNews(.locked, account: nil, .agentLocked))
        return LockReply(locked: true, filesLeft: filesLeft.isEmpty ? nil : filesLeft)
    }

    private func checkNew(_ passphrase: String) async throws(Problem) {
        try Stores.checkLength(of: passphrase)
        if await stores.sealedHasPassphrase() {
            throw Problem(
                .badRequest, "the sealed store has a passphrase, which unlocking will ask for",
                hint: "leave the other passphrase out"
            )
        }
    }

    /// Serves again and opens the sealed store. Each wrong passphrase lengthens the delay, for its caller only.
    func unlock(_ request: UnlockRequest) async throws(Problem) -> UnlockReply {
        if let passphrase = request.passphrase { try Stores.checkLength(of: passphrase) }
        let given = request.passphrase.map { SecretBytes($0) }
        try await check(given)
        try await stores.openSealed(with: given)
        let accounts = registry.open()
        for account in accounts { account.vault.unlock() }
        shared.logger.notice("unlocked")
        shared.feed.report(AgentNews(.unlocked))
        await stores.readAnew(.sealed)
        await registry.read(accounts)
        try await stores.requireSealed()
        return UnlockReply(unlocked: true)
    }

    private func check(_ given: SecretBytes?) async throws(Problem) {
        guard registry.passphrase != nil else { return }
        guard let given else { throw .passphraseMissing }
        let turn = registry.beginGuess()
        if turn == .refused {
            throw Problem(
                .tooManyRequests, "other passphrases are being checked", hint: "try again in a minute")
        }
        var isRight: Bool?
        defer { registry.endGuess(isRight: isRight) }
        if case .after(let notBefore) = turn {
            do throws(CancellationError) { try await shared.time.sleep(until: notBefore) } catch {
                throw Problem(.tooManyRequests, "the passphrase was not checked", hint: "run 'authagent unlock' again")
            }
        }
        // Another caller may have unlocked and locked it with another passphrase meanwhile.
        guard let passphrase = registry.passphrase else { return }
        isRight = given == passphrase
        guard given == passphrase else {
            shared.logger.notice("unlocking refused")
            throw Problem(.wrongPassphrase, "the passphrase is wrong", hint: "run 'authagent unlock' again")
        }
    }
}

extension Problem {
    static let agentLocked = Problem(
        .locked, "the agent is locked", hint: "run 'authagent unlock'", reason: LockReason.requested.rawValue
    )

    static let passphraseMissing = Problem(
        .locked, "unlocking needs the passphrase", hint: "run 'authagent unlock', which prompts for it",
        reason: Problem.passphraseRequired
    )
}
