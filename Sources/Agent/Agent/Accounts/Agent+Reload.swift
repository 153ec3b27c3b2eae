internal import Advice
public import AgentAPI
internal import Configuration
internal import Logging
internal import Synchronization
internal import Vault

extension Agent {
    /// Applies the new configuration as a whole, or throws and keeps the old one: if a file is wrong, or if a store
    /// does not take what a replaced account has not written yet.
    public func reload() async throws(Problem) {
        let result = await inTurn { () -> Result<Void, Problem> in
            do throws(Problem) { return .success(try await self.readConfiguration()) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Runs `body` after all reloads and migrations requested before it. A reload must not act on account files that
    /// still name the store which a migration has just left.
    func inTurn<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        let task = turn.withLock { last in
            let before = last
            // Unstructured task: a queue across requests; it must not end with one caller.
            let task = Task {
                await before?.value
                return await body()
            }
            last = Task { _ = await task.value }
            return task
        }
        return await task.value
    }

    private func readConfiguration() async throws(Problem) {
        let (settings, errors) = parts.directory.loadAll()
        if let error = errors.min(by: { $0.key < $1.key })?.value {
            parts.logger.error("reload refused", metadata: ["problem": "\(error)"])
            throw .configuration(error)
        }
        do throws(ConfigurationError) { try parts.reloadSettings() } catch {
            parts.logger.error("reload refused", metadata: ["problem": "\(error)"])
            throw .configuration(error)
        }
        let replaced = state.withLock { state in
            state.accounts.values.filter { account in
                // A login whose file could not be written has settings that are in no file.
                if account.unwritten != nil { return false }
                return settings[account.name].map { !$0.continues(account.settings) } ?? true
            }
        }
        // Write first: the accounts that replace these read the store.
        for account in replaced {
            do throws(StoreFailure) { try await account.vault.flush() } catch {
                parts.logger.error(
                    "reload refused: the store lacks a login",
                    metadata: ["account": "\(account.name)", "store": "\(error.state.rawValue)"]
                )
                throw .store(error)
            }
        }
        // A replaced account's lock passes to its successor.
        let locks = Dictionary(
            replaced.compactMap { account in account.vault.lockReason.map { (account.name, $0) } },
            uniquingKeysWith: { first, _ in first }
        )
        for account in replaced { await account.vault.retire() }
        let added = state.withLock { state in
            state.fileErrors = [:]
            for account in replaced where state.accounts[account.name] === account {
                state.accounts[account.name] = nil
            }
            var added: [Account] = []
            for (name, settings) in settings {
                if let account = state.accounts[name] {
                    // Settings that do not continue these are older than a login that has succeeded since.
                    guard settings.continues(account.settings) else { continue }
                    account.unwritten = nil
                    let isChanged = account.settings != settings
                    account.provider.settings = settings
                    if isChanged { account.vault.forgetTargets() }
                    account.vault.apply(settings.lockLimits)
                } else {
                    let account = Account(
                        name: name, settings: settings, surroundings: surroundings,
                        lock: state.lock.isClosed ? .requested : locks[name]
                    )
                    state.accounts[name] = account
                    added.append(account)
                }
            }
            return added
        }
        parts.logger.info("configuration read again", metadata: ["accounts": "\(settings.count)"])
        report(AgentNews(.reloaded))
        await read(added)
    }
}
