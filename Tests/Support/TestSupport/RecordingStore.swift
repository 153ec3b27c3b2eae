import AgentAPI
import Synchronization
public import Vault

/// A store in memory that fails when told to and remembers what was done to it.
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

    /// From now on every operation fails like this; nil ends it.
    public func fail(_ failure: StoreFailure?) { state.withLock { $0.failure = failure } }

    /// From now on every write is carried out and fails all the same, as one whose answer comes too late.
    public func timeOutAfterWriting(_ failure: StoreFailure?) { state.withLock { $0.timeOut = failure } }

    /// From now on every write seems to succeed, and is lost.
    public func loseWrites() { state.withLock { $0.losesWrites = true } }

    /// From now on every write waits at the gate.
    public func hold(at gate: Gate?) { state.withLock { $0.gate = gate } }

    /// From now on every probe waits at the gate.
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
