internal import AgentAPI
internal import Configuration
internal import Synchronization
internal import Vault

/// Which accounts' tokens are made from those of others, so that they go with them.
///
/// Its mutex is taken while others are held, and holds none itself.
final class Derivations: Sendable {
    private struct Derived: Sendable {
        weak var vault: AccountVault?
        var sources: Set<AccountName>
    }

    private let derived = Mutex<[AccountName: Derived]>([:])

    /// Records from which accounts the account's tokens are made.
    func set(_ account: Account) {
        let sources = account.settings.sourceAccounts
        derived.withLock { derived in
            derived[account.name] = sources.isEmpty ? nil : Derived(vault: account.vault, sources: sources)
        }
    }

    func remove(_ name: AccountName) { derived.withLock { $0[name] = nil } }

    /// The accounts whose tokens are made from this one's, also by way of others.
    func dependents(of name: AccountName) -> Set<AccountName> {
        derived.withLock { derived in
            var found: Set<AccountName> = []
            var pending = [name]
            while let next = pending.popLast() {
                for (dependent, entry) in derived where entry.sources.contains(next) {
                    if found.insert(dependent).inserted { pending.append(dependent) }
                }
            }
            return found.subtracting([name])
        }
    }

    /// Drops the tokens that are made from the account's, and what is under way to others.
    func withdraw(from name: AccountName, because change: SourceChange) {
        let names = dependents(of: name)
        guard !names.isEmpty else { return }
        let vaults = derived.withLock { derived in names.compactMap { derived[$0]?.vault } }
        for vault in vaults { vault.withdraw(because: change) }
    }
}
