import AgentAPI
import Synchronization
public import Vault

/// An in-memory store that fails on demand and records operations.
public final class RecordingStore: CredentialStore {
    public enum Operation: Equatable, Sendable {
        case load
        case save(RecordKey)
        case remove(RecordKey)
    }

    private struct State {
        var records: [RecordKey: StoredRecord] = [:]
        var operations: [Operation] = []
        var failure: StoreFailure?
        var timeOut: StoreFailure?
        var losesWrites = false
        var gate: Gate?
        var probeGate: Gate?
    }

    private let state = Mutex(State())

    public init() {}

    public var operations: [Operation] { state.withLock { $0.operations } }
    public var records: [RecordKey: StoredRecord] { state.withLock { $0.records } }

    /// Makes every operation fail; `nil` ends it.
    public func fail(_ failure: StoreFailure?) { state.withLock { $0.failure = failure } }

    /// Makes every write succeed but report a failure, like a reply that comes too late.
    public func timeOutAfterWriting(_ failure: StoreFailure?) { state.withLock { $0.timeOut = failure } }

    /// Makes every write seem to succeed, but drops it.
    public func loseWrites() { state.withLock { $0.losesWrites = true } }

    /// Makes every write wait at the gate.
    public func hold(at gate: Gate?) { state.withLock { $0.gate = gate } }

    /// Makes every probe wait at the gate.
    public func hangProbes(at gate: Gate?) { state.withLock { $0.probeGate = gate } }

    public func put(_ record: StoredRecord) { state.withLock { $0.records[record.key] = record } }

    public func probe() async -> StoreStatus {
        await state.withLock { $0.probeGate }?.pass()
        return state.withLock { state in
            state.failure.map { StoreStatus($0.state, detail: $0.detail) } ?? StoreStatus(.ok)
        }
    }

    public func loadAll() async throws(StoreFailure) -> [StoredRecord] {
        let (failure, records) = state.withLock { state in
            state.operations.append(.load)
            return (state.failure, Array(state.records.values))
        }
        if let failure { throw failure }
        return records
    }

    public func save(_ record: StoredRecord) async throws(StoreFailure) {
        await state.withLock { $0.gate }?.pass()
        let failure = state.withLock { state in
            state.operations.append(.save(record.key))
            if state.failure == nil, !state.losesWrites { state.records[record.key] = record }
            return state.failure ?? state.timeOut
        }
        if let failure { throw failure }
    }

    public func remove(_ key: RecordKey) async throws(StoreFailure) {
        let failure = state.withLock { state in
            state.operations.append(.remove(key))
            if state.failure == nil { state.records[key] = nil }
            return state.failure
        }
        if let failure { throw failure }
    }
}
