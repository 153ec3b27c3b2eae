internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import Synchronization
internal import Vault

/// Moves all accounts from one store to another.
extension Agent {
    func migrate(to target: String?) async throws(Problem) -> StoreReply {
        guard let target = target.flatMap(StoreKind.init), target != .memory else {
            throw Problem(.badRequest, "accounts move to 'keyring' or 'sealed'", hint: "name one of the two")
        }
        let status = await parts.stores[target].store.probe()
        guard status.state == .ok else {
            throw .store(StoreFailure(status))
        }
        guard
            isMigrating.withLock({ isMigrating in
                defer { isMigrating = true }
                return !isMigrating
            })
        else {
            throw Problem(.tooManyRequests, "accounts are being moved already", hint: "try again in a minute")
        }
        defer { isMigrating.withLock { $0 = false } }
        let moved = await inTurn { await self.moveAll(to: target) }
        return StoreReply(store: await description(of: target), moved: moved)
    }

    private func moveAll(to target: StoreKind) async -> [MovedAccount] {
        let names = state.withLock { $0.accounts.keys.sorted() }
        // Report accounts that cannot be read; they cannot be moved.
        var moved = state.withLock { state in
            state.fileErrors.filter { state.accounts[$0.key] == nil }.sorted { $0.key < $1.key }
                .map { MovedAccount(account: $0.key, moved: false, reason: $0.value.description) }
        }
        // One at a time: each sends several requests to the keyring.
        for name in names {
            if let account = await move(name, to: target) {
                moved.append(account)
            } else if let account = known(name) {
                await removeLeftover(of: account)
            }
        }
        return moved
    }

    /// Moves one account; `nil` if there is nothing to move.
    private func move(_ name: AccountName, to target: StoreKind) async -> MovedAccount? {
        // Look it up again: a login may have replaced it during the moves before.
        let (candidate, isPending) = state.withLock { state -> (Account?, Bool) in
            guard let account = state.accounts[name], ![target, .memory].contains(account.settings.store) else {
                return (nil, false)
            }
            guard state.logins[name] == nil, state.registrations[name] == nil else { return (account, true) }
            state.moving.insert(name)
            return (account, false)
        }
        guard let account = candidate else { return nil }
        func stays(_ reason: String) -> MovedAccount {
            parts.logger.error("account not moved", metadata: ["account": "\(name)", "reason": "\(reason)"])
            return MovedAccount(account: name, moved: false, reason: reason)
        }
        guard !isPending else { return stays("a login of it is pending") }
        defer { state.withLock { _ = $0.moving.remove(name) } }
        let hadUserFile = parts.directory.hasUserFile(name)
        let settings: AccountSettings
        let file: PreparedAccountFile
        do throws(ConfigurationError) {
            settings = try account.settings.with(store: target)
            file = try parts.directory.prepare(settings, for: name)
        } catch { return stays("its file cannot be written: \(error.description)") }
        let old = account.settings.store
        do throws(AccountVault.MoveFailure) {
            let leftover = try await account.vault.move(to: parts.stores[target].store) {
                do throws(ConfigurationError) { try file.commit() } catch { return error.description }
                await self.replace(account, with: settings)
                return nil
            }
            revocations.move(name, to: parts.stores[target].store)
            parts.logger.info("account moved", metadata: ["account": "\(name)", "store": "\(target.rawValue)"])
            let notes = [
                leftover.map { $0.leftover(of: name, in: old) },
                hadUserFile
                    ? nil : "its settings were copied from the machine's file to \(parts.directory.userPath(name))",
            ].compactMap { $0 }
            return MovedAccount(account: name, moved: true, reason: notes.isEmpty ? nil : notes.joined(separator: "; "))
        } catch {
            return stays(error.text(old: old, new: target))
        }
    }

    /// Publishes the account with its new store to requests.
    private func replace(_ account: Account, with settings: AccountSettings) async {
        let fresh = make(account.name, settings, insteadOf: account)
        await parts.stores[settings.store].reader.readAnew()
        await fresh.vault.readIfUnread()
        state.withLock { $0.install(fresh) }
    }
}

extension AccountSettings {
    /// Returns the same settings with another store.
    fileprivate func with(store: StoreKind) throws(ConfigurationError) -> AccountSettings {
        var keys = keys
        keys.store = store
        do throws(Invalid) { return try AccountSettings(keys) } catch {
            throw ConfigurationError(file: "", problem: error.problem, hint: error.hint)
        }
    }
}

extension StoreFailure {
    fileprivate func leftover(of account: AccountName, in store: StoreKind) -> String {
        let removal =
            switch store {
            case .keyring: "'secret-tool clear application authagent account \(account)' removes it"
            case .sealed, .memory: "the next move or login into that store replaces it"
            }
        return "the \(store.rawValue) store still has a copy, because \(detail); \(removal)"
    }
}

extension AccountVault.MoveFailure {
    fileprivate func text(old: StoreKind, new: StoreKind) -> String {
        switch self {
        case .oldStore(let failure): "the \(old.rawValue) store cannot be read: \(failure.detail)"
        case .newStore(let failure): "the \(new.rawValue) store does not take it: \(failure.detail)"
        case .notReadBack: "the \(new.rawValue) store does not return what was written"
        case .unreadable: "its record in the \(old.rawValue) store cannot be read"
        case .notCommitted(let problem): "its file cannot be written: \(problem)"
        }
    }
}
