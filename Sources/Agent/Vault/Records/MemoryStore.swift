internal import AgentAPI
internal import Synchronization

/// The store that keeps nothing on disk: records live as long as this process.
public final class MemoryStore: CredentialStore {
    private let records = Mutex<[RecordKey: StoredRecord]>([:])

    public init() {}

    public func probe() async -> StoreStatus { StoreStatus(.ok) }

    public func loadAll() async throws(StoreFailure) -> [StoredRecord] { records.withLock { Array($0.values) } }

    public func save(_ record: StoredRecord) async throws(StoreFailure) {
        records.withLock { $0[record.key] = record }
    }

    public func remove(_ key: RecordKey) async throws(StoreFailure) {
        records.withLock { _ = $0.removeValue(forKey: key) }
    }
}
