public import AgentAPI
import Synchronization
public import Vault

/// An in-memory journal that outlives its vaults, fails on demand and records operations.
public final class RecordingJournal: RotationJournal {
    public enum Operation: Equatable, Sendable {
        case begin(UInt64)
        case abandon(UInt64)
        case complete(UInt64)
        case clear(UInt64)
        case end(UInt64)
        case forget
    }

    private struct State {
        var begun: Credential?
        var completed: Credential?
        var ended: Credential?
        var operations: [Operation] = []
        var failure: StoreFailure?
    }

    private let state = Mutex(State())

    public init() {}

    public var operations: [Operation] { state.withLock { $0.operations } }

    /// Makes every write fail; `nil` ends it.
    public func fail(_ failure: StoreFailure?) { state.withLock { $0.failure = failure } }

    public func begin(_ credential: Credential) async throws(StoreFailure) {
        try write(.begin(credential.generation)) { $0.begun = credential }
    }

    public func abandon(_ credential: Credential) async {
        try? write(.abandon(credential.generation)) { $0.begun = nil }
    }

    public func complete(_ credential: Credential) async throws(StoreFailure) {
        try write(.complete(credential.generation)) { $0.completed = credential }
    }

    public func clear(_ account: AccountName, upTo generation: UInt64) async {
        try? write(.clear(generation)) { state in
            if let completed = state.completed, completed.generation <= generation { state.completed = nil }
            if let begun = state.begun, begun.generation < generation { state.begun = nil }
        }
    }

    public func end(_ credential: Credential) async throws(StoreFailure) {
        try write(.end(credential.generation)) { $0.ended = credential }
    }

    public func forget(_ account: AccountName) async {
        try? write(.forget) { ($0.begun, $0.completed, $0.ended) = (nil, nil, nil) }
    }

    public func finding(after credential: Credential) async throws(StoreFailure) -> JournalFinding {
        state.withLock { state in
            let newer = state.completed.flatMap { $0.generation > credential.generation ? $0 : nil }
            return JournalFinding(
                newer: newer, isBegun: state.begun == (newer ?? credential),
                isEnded: state.ended.map { $0.generation >= (newer ?? credential).generation } ?? false
            )
        }
    }

    private func write(_ operation: Operation, _ change: (inout State) -> Void) throws(StoreFailure) {
        let failure = state.withLock { state in
            state.operations.append(operation)
            if state.failure == nil { change(&state) }
            return state.failure
        }
        if let failure { throw failure }
    }
}
