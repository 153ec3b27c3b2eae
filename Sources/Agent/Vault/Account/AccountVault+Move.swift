internal import SecretMemory
internal import Synchronization

/// The move of an account's records to another store.
extension AccountVault {
    public enum MoveFailure: Error, Sendable, Equatable {
        case oldStore(StoreFailure)
        case newStore(StoreFailure)
        /// The new store does not return what was written.
        case notReadBack
        /// The old store has a record that cannot be read.
        case unreadable
        /// The account could not be switched to the new store.
        case notCommitted(String)
    }

    /// Copies every record, reads the copies back, has `commit` switch the account to the new store, then signs out in
    /// memory and removes the old records. No refresh runs meanwhile, and until `commit` returns the old store is the
    /// account's. Returns why old records stayed behind, if they did.
    public func move(
        to target: any CredentialStore, commit: @escaping @Sendable () async -> String?
    ) async throws(MoveFailure) -> StoreFailure? {
        await readIfUnread()
        let result: Result<StoreFailure?, MoveFailure> = await exclusively {
            do throws(MoveFailure) { return .success(try await self.moved(to: target, commit)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func moved(
        to target: any CredentialStore, _ commit: @Sendable () async -> String?
    ) async throws(MoveFailure) -> StoreFailure? {
        let records = try await recordsToMove()
        let written: [StoredRecord]
        do throws(StoreFailure) {
            for record in records { try await target.save(record) }
            written = try await target.loadAll()
        } catch {
            await withdraw(records, from: target)
            throw .newStore(error)
        }
        let isComplete = records.allSatisfy { record in
            written.contains { $0.key == record.key && $0.secret == record.secret }
        }
        guard isComplete else {
            await withdraw(records, from: target)
            throw .notReadBack
        }
        // On a failure both stores keep the records: which store a power cut leaves to the account is not known.
        if let problem = await commit() { throw .notCommitted(problem) }
        guarded.withLock { $0.retire() }
        let newest = records.lazy.compactMap(Credential.init).first
        if let newest { await ports.journal?.clear(account, upTo: newest.generation) }
        do throws(StoreFailure) { for record in records { try await ports.store.remove(record.key) } } catch {
            return error
        }
        return nil
    }

    /// The newest login, in memory or in the store, and what waits to be revoked.
    private func recordsToMove() async throws(MoveFailure) -> [StoredRecord] {
        let (failure, held) = guarded.withLock { guarded in
            // Of an account without a person the store has the client's secret, if anything.
            (guarded.state.storeFailure, guarded.state.isMachine ? nil : guarded.state.credential)
        }
        if let failure { throw .oldStore(failure) }
        let stored: [StoredRecord]
        do throws(StoreFailure) {
            stored = try await ports.reader.records().filter { $0.key.account == account }
        } catch { throw .oldStore(error) }
        if let problem = stored.lazy.compactMap(\.problem).first { throw .oldStore(problem) }
        let logins = stored.filter { $0.key.purpose == .login }
        let newest = (logins.compactMap(Credential.init) + [held].compactMap { $0 })
            .max { $0.generation < $1.generation }
        guard newest != nil || logins.isEmpty else { throw .unreadable }
        return stored.filter { $0.key.purpose != .login } + [newest?.record].compactMap { $0 }
    }

    /// Removes the copies: one left behind would be found by a later login in that store.
    private func withdraw(_ records: [StoredRecord], from target: any CredentialStore) async {
        for record in records { try? await target.remove(record.key) }
    }
}
