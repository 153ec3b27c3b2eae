internal import AgentAPI
internal import Vault

/// A journal that reports the result of each write to `StoreHealth`.
struct ObservedJournal: RotationJournal {
    let journal: any RotationJournal
    let health: StoreHealth

    func begin(_ credential: Credential) async throws(StoreFailure) {
        do throws(StoreFailure) { try await journal.begin(credential) } catch { throw failed(error) }
        health.journalWrote()
    }

    func complete(_ credential: Credential) async throws(StoreFailure) {
        do throws(StoreFailure) { try await journal.complete(credential) } catch { throw failed(error) }
        health.journalWrote()
    }

    func end(_ credential: Credential) async throws(StoreFailure) {
        do throws(StoreFailure) { try await journal.end(credential) } catch { throw failed(error) }
        health.journalWrote()
    }

    func abandon(_ credential: Credential) async { await journal.abandon(credential) }

    func clear(_ account: AccountName, upTo generation: UInt64) async {
        await journal.clear(account, upTo: generation)
    }

    func forget(_ account: AccountName) async { await journal.forget(account) }

    func finding(after credential: Credential) async throws(StoreFailure) -> JournalFinding {
        try await journal.finding(after: credential)
    }

    private func failed(_ failure: StoreFailure) -> StoreFailure {
        health.journalFailed()
        return failure
    }
}
