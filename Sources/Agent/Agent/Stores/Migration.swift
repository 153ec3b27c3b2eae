internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import Synchronization
internal import Vault

/// The move of all accounts from one store to another.
final class Migration: Sendable {
    private let shared: SharedParts
    private let registry: AccountRegistry
    private let revocations: RevocationQueue
    private let leftovers: LeftoverCopies
    /// Whether a migration is running. A second one is refused.
    private let isRunning = Mutex(false)

    init(
        _ shared: SharedParts, _ registry: AccountRegistry, _ revocations: RevocationQueue, _ leftovers: LeftoverCopies
    ) {
        (self.shared, self.registry, self.revocations, self.leftovers) = (shared, registry, revocations, leftovers)
    }

    func run(to target: StoreKind) async throws(Problem) -> [MovedAccount] {
        let status = await shared.stores[target].store.probe()
        guard status.state == .ok else { throw .store(StoreFailure(status)) }
        guard
            isRunning.withLock({ isRunning in
                defer { isRunning = true }
                return !isRunning
            })
        else {
            throw Problem(.tooManyRequests, "accounts are being moved already", hint: "try again in a minute")
        }
        defer { isRunning.withLock { $0 = false } }
        return await registry.turn.run { await self.moveAll(to: target) }
    }

    private func moveAll(to target: StoreKind) async -> [MovedAccount] {
        let (accounts, errors) = registry.rows
        // Report accounts that cannot be read; they cannot be moved.
        var moved = errors.filter { accounts[$0.key] == nil }.sorted { $0.key < $1.key }
            .map { MovedAccount(account: $0.key, moved: false, reason: $0.value.description) }
        // One at a time: each sends several requests to the keyring.
        for name in accounts.keys.sorted() {
            if let account = await move(name, to: target) {
                moved.append(account)
            } else if let account = registry.known(name) {
                await leftovers.remove(of: account)
            }
        }
        return moved
    }

    /// Moves one account; `nil` if there is nothing to move.
    private func move(_ name: AccountName, to target: StoreKind) async -> MovedAccount? {
        func stays(_ reason: String) -> MovedAccount {
            shared.logger.error("account not moved", metadata: ["account": "\(name)", "reason": "\(reason)"])
            return MovedAccount(account: name, moved: false, reason: reason)
        }
        // Look it up again: a login may have replaced it during the moves before.
        let account: Account
        switch registry.claimMove(of: name, to: target) {
        case .claimed(let claimed): account = claimed
        case .refused: return stays("a login of it is pending")
        case .unneeded: return nil
        }
        defer { registry.release(.move, of: name) }
        let hadUserFile = shared.directory.hasUserFile(name)
        let settings: AccountSettings
        let file: PreparedAccountFile
        do throws(ConfigurationError) {
            settings = try account.settings.with(store: target)
            file = try shared.directory.prepare(settings, for: name)
        } catch { return stays("its file cannot be written: \(error.description)") }
        let old = account.settings.store
        do throws(AccountVault.MoveFailure) {
            let leftover = try await account.vault.move(to: shared.stores[target].store) {
                do throws(ConfigurationError) { try file.commit() } catch { return error.description }
                await self.replace(account, with: settings)
                return nil
            }
            revocations.move(name, to: shared.stores[target].store)
            shared.logger.info("account moved", metadata: ["account": "\(name)", "store": "\(target.rawValue)"])
            let notes = [
                leftover.map { $0.leftover(of: name, in: old) },
                hadUserFile
                    ? nil : "its settings were copied from the machine's file to \(shared.directory.userPath(name))",
            ].compactMap { $0 }
            return MovedAccount(account: name, moved: true, reason: notes.isEmpty ? nil : notes.joined(separator: "; "))
        } catch {
            return stays(error.text(old: old, new: target))
        }
    }

    /// Publishes the account with its new store to requests.
    private func replace(_ account: Account, with settings: AccountSettings) async {
        let fresh = registry.make(account.name, settings, insteadOf: account)
        await shared.stores[settings.store].reader.readAnew()
        await fresh.vault.readIfUnread()
        registry.install(fresh)
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
