public import AgentAPI
internal import Synchronization
internal import System

/// A reader of one store for many accounts: concurrent callers share a read, and a failed read is not repeated for every
/// request.
public final class StoreReader: Sendable {
    private struct State {
        var reading = SharedTask<Result<[StoredRecord], StoreFailure>>()
        var lastFailure: (failure: StoreFailure, until: ContinuousClock.Instant)?
    }

    private let store: any CredentialStore
    private let time: any Time
    private let state = Mutex(State())
    /// The records of each read that succeeded, for one listener; of several that it missed it receives the last.
    public let reads: AsyncStream<[StoredRecord]>
    private let readings: AsyncStream<[StoredRecord]>.Continuation

    /// How long a failure is repeated without a read: short, because a person who has just unlocked the store tries again.
    private static let failureLife: Duration = .seconds(1)
    /// Each read of a hung provider costs a whole deadline.
    private static let hungLife: Duration = .seconds(10)

    public init(store: any CredentialStore, time: any Time) {
        self.store = store
        self.time = time
        (reads, readings) = AsyncStream.makeStream(of: [StoredRecord].self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Returns every record of the store. Waits no longer than the store's own deadline.
    public func records() async throws(StoreFailure) -> [StoredRecord] {
        let now = time.now
        let task: Task<Result<[StoredRecord], StoreFailure>, Never>? = state.withLock { state in
            if state.reading.running == nil, let last = state.lastFailure, now < last.until { return nil }
            return state.reading.join { await self.read() }
        }
        guard let task else {
            throw state.withLock { $0.lastFailure?.failure } ?? StoreFailure(.unknown, "the store was not read")
        }
        return try await task.value.get()
    }

    /// What a store has of one account.
    public enum Finding: Sendable {
        case none
        case credential(Credential)
        /// There is a record, but it was edited, or a newer version wrote it.
        case unreadable
    }

    public func find(_ account: AccountName) async throws(StoreFailure) -> Finding {
        let key = RecordKey(account: account, purpose: .login)
        let found = try await records().filter { $0.key == key }
        let readable = found.compactMap(Credential.init).filter { $0.generation <= Credential.largestAdopted }
        // The first is where the store keeps it now. Another copy must be newer by both: a login that began anew while the
        // store was out of reach counts from one again.
        let newest = readable.dropFirst().reduce(readable.first) { best, next in
            guard let best else { return next }
            return next.generation > best.generation && next.grantedAt >= best.grantedAt ? next : best
        }
        if newest == nil, let problem = found.lazy.compactMap(\.problem).first { throw problem }
        return newest.map { .credential($0) } ?? (found.isEmpty ? .none : .unreadable)
    }

    /// Returns the newest credential of an account; `nil` if the store has none that can be read.
    public func credential(of account: AccountName) async throws(StoreFailure) -> Credential? {
        guard case .credential(let credential) = try await find(account) else { return nil }
        return credential
    }

    /// Forgets the last failure, because the store has changed: the next call reads it.
    public func readAnew() async {
        _ = await state.withLock { $0.reading.running }?.value
        state.withLock { $0.lastFailure = nil }
    }

    private func read() async -> Result<[StoredRecord], StoreFailure> {
        let result: Result<[StoredRecord], StoreFailure>
        do throws(StoreFailure) { result = .success(try await store.loadAll()) } catch { result = .failure(error) }
        state.withLock { state in
            state.reading.end()
            switch result {
            case .success(let records):
                state.lastFailure = nil
                readings.yield(records)
            case .failure(let failure):
                let life = failure.state == .hung ? Self.hungLife : Self.failureLife
                state.lastFailure = (failure, time.now + life)
            }
        }
        return result
    }
}
