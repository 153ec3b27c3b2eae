internal import AgentAPI
internal import Configuration
internal import Logging
internal import Vault

/// What a move between stores that was cut short has left in the store that the account does not use: a refresh token that
/// nobody would ever look for.
extension Agent {
    /// Removes the other store's copy of a login that is no newer than `generation`. A store that cannot be used now keeps
    /// it, until the next move or logout.
    func removeLeftover(of name: AccountName, beside used: StoreKind, upTo generation: UInt64) async {
        guard let other = used.otherStore else { return }
        let status = other == .keyring ? await keyringStatus() : await parts.stores[other].store.probe()
        guard status.state == .ok else { return }
        let store = parts.stores[other].store
        let key = RecordKey(account: name, purpose: .login)
        do throws(StoreFailure) {
            guard let copy = try await store.load(key).flatMap(Credential.init), copy.generation <= generation else {
                return
            }
            try await store.remove(key)
            parts.logger.notice(
                "a copy that a move had left is removed",
                metadata: ["account": "\(name)", "store": "\(other.rawValue)"]
            )
        } catch {
            parts.logger.warning(
                "a copy that a move had left stays",
                metadata: ["account": "\(name)", "store": "\(other.rawValue)", "problem": "\(error.detail)"]
            )
        }
    }

    /// The same for an account whose own store has its login: without that, the copy may be all there is.
    func removeLeftover(of account: Account) async {
        let used = account.settings.store
        let key = RecordKey(account: account.name, purpose: .login)
        guard let own = try? await parts.stores[used].store.load(key).flatMap(Credential.init) else { return }
        await removeLeftover(of: account.name, beside: used, upTo: own.generation)
    }
}

extension StoreKind {
    fileprivate var otherStore: StoreKind? {
        switch self {
        case .keyring: .sealed
        case .sealed: .keyring
        case .memory: nil
        }
    }
}
