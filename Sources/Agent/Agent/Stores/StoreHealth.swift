internal import AgentAPI
internal import Configuration
internal import Synchronization
internal import Vault

/// The last known state of the stores, updated by each use.
final class StoreHealth: Sendable {
    private struct State {
        var keyring = StoreStatus(.unknown)
        var sealed = StoreStatus(.notInitialized)
        var journal = Journal()
    }

    /// The results of writes to the rotation journal.
    struct Journal: Sendable {
        var written: UInt64 = 0
        var failed: UInt64 = 0
        /// `nil` if nothing was written yet.
        var hasFailedLast: Bool?

        var state: StoreState { hasFailedLast.map { $0 ? .failed : .ok } ?? .unknown }
    }

    private let state = Mutex(State())
    private let changed: @Sendable (StoreKind, StoreStatus) -> Void

    /// `changed` is called for each new state.
    init(changed: @escaping @Sendable (StoreKind, StoreStatus) -> Void) { self.changed = changed }

    var keyring: StoreStatus { state.withLock { $0.keyring } }

    /// `nil` without a sealed store, or if it was not used yet.
    var sealed: StoreStatus? {
        let status = state.withLock { $0.sealed }
        return status.state == .notInitialized ? nil : status
    }

    var journal: Journal { state.withLock { $0.journal } }

    func journalWrote() {
        state.withLock { state in
            state.journal.written += 1
            state.journal.hasFailedLast = false
        }
    }

    func journalFailed() {
        state.withLock { state in
            state.journal.failed += 1
            state.journal.hasFailedLast = true
        }
    }

    func learned(_ status: StoreStatus, of kind: StoreKind) {
        let isNew = state.withLock { state in
            switch kind {
            case .keyring: Self.replace(&state.keyring, with: status)
            case .sealed: Self.replace(&state.sealed, with: status)
            case .memory: false
            }
        }
        if isNew { changed(kind, status) }
    }

    /// Records that a store answered.
    func answered(_ kind: StoreKind) {
        let known = kind == .keyring ? keyring : sealed
        if known?.state != .ok { learned(StoreStatus(.ok), of: kind) }
    }

    private static func replace(_ known: inout StoreStatus, with status: StoreStatus) -> Bool {
        defer { known = status }
        return known.state != status.state
    }
}

/// A store that reports the result of each use to `StoreHealth`.
struct ObservedStore: CredentialStore {
    let store: any CredentialStore
    let kind: StoreKind
    let health: StoreHealth

    func probe() async -> StoreStatus {
        let status = await store.probe()
        // A cancelled probe ended early; its status means nothing.
        if !Task.isCancelled { health.learned(status, of: kind) }
        return status
    }

    func loadAll() async throws(StoreFailure) -> [StoredRecord] {
        do throws(StoreFailure) {
            let records = try await store.loadAll()
            health.answered(kind)
            return records
        } catch {
            if error.state != .unknown, !Task.isCancelled {
                health.learned(StoreStatus(error), of: kind)
            }
            throw error
        }
    }

    func save(_ record: StoredRecord) async throws(StoreFailure) {
        do throws(StoreFailure) { try await store.save(record) } catch { throw noted(error) }
        health.answered(kind)
    }

    func load(_ key: RecordKey) async throws(StoreFailure) -> StoredRecord? {
        do throws(StoreFailure) {
            let record = try await store.load(key)
            health.answered(kind)
            return record
        } catch { throw noted(error) }
    }

    func prepareToSave() async throws(StoreFailure) {
        do throws(StoreFailure) { try await store.prepareToSave() } catch { throw noted(error) }
    }

    func remove(_ key: RecordKey) async throws(StoreFailure) {
        do throws(StoreFailure) { try await store.remove(key) } catch { throw noted(error) }
    }

    /// Records a failure of the whole store. One record's failure, such as a full disk, does not count.
    private func noted(_ failure: StoreFailure) -> StoreFailure {
        switch failure.state {
        case .ok, .unknown, .failed: break
        case .locked, .notInitialized, .noProvider, .noBus, .hung:
            if !Task.isCancelled {
                health.learned(StoreStatus(failure), of: kind)
            }
        }
        return failure
    }
}

extension SharedParts {
    /// The limit for the keyring's answer; after it, the keyring counts as `hung`.
    private static let keyringPatience: Duration = .seconds(1)

    /// Probes the keyring. Returns in time, whether it answers or not.
    func keyringStatus() async -> StoreStatus {
        let store = stores[.keyring].store
        let deadline = time.now + Self.keyringPatience
        let status = await withTaskGroup(of: StoreStatus?.self) { group in
            group.addTask { await store.probe() }
            group.addTask {
                try? await self.time.sleep(until: deadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            // A probe that timed out still reports which program it called.
            let program = (await group.next() ?? nil)?.program ?? storeHealth.keyring.program
            return StoreStatus(.hung, detail: "the keyring did not answer within 1 s", program: program)
        }
        // A caller that has left says nothing of the keyring.
        if !Task.isCancelled { storeHealth.learned(status, of: .keyring) }
        return status
    }
}
