internal import AgentAPI
internal import Configuration
internal import Logging
internal import Vault

/// Copies of refresh tokens that interrupted moves have left in stores which their accounts no longer use.
struct LeftoverCopies: Sendable {
    let shared: SharedParts

    /// Removes the other store's copy of a login up to `generation`. If that store cannot be used now, the copy stays
    /// until the next move or logout.
    func remove(of name: AccountName, beside used: StoreKind, upTo generation: UInt64) async {
        guard let other = used.otherStore else { return }
        let status = other == .keyring ? await shared.keyringStatus() : await shared.stores[other].store.probe()
        guard status.state == .ok else { return }
        let store = shared.stores[other].store
        let key = RecordKey(account: name, purpose: .login)
        do throws(StoreFailure) {
            guard let copy = try await store.load(key).flatMap(Credential.init), copy.generation <= generation else {
                return
            }
            try await store.remove(key)
            shared.logger.notice(
                "a copy that a move had left is removed",
                metadata: ["account": "\(name)", "store": "\(other.rawValue)"]
            )
        } catch {
            shared.logger.warning(
                "a copy that a move had left stays",
                metadata: ["account": "\(name)", "store": "\(other.rawValue)", "problem": "\(error.detail)"]
            )
        }
    }

    /// Removes the copy only if the account's own store has the login: otherwise it may be the only one.
    func remove(of account: Account) async {
        let used = account.settings.store
        let key = RecordKey(account: account.name, purpose: .login)
        guard let own = try? await shared.stores[used].store.load(key).flatMap(Credential.init) else { return }
        await remove(of: account.name, beside: used, upTo: own.generation)
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
