internal import Synchronization
internal import Vault

/// Lets jobs on one record follow each other, so that an older write never lands on a newer one.
final class JobOrder: Sendable {
    private let last = Mutex<[RecordKey: (id: UInt64, task: Task<KeyringOutcome, Never>)]>([:])
    private let nextID = Atomic<UInt64>(0)

    func run(
        after key: RecordKey, _ job: @escaping @Sendable () async -> KeyringOutcome
    ) async -> KeyringOutcome {
        let id = nextID.add(1, ordering: .relaxed).newValue
        let task = last.withLock { last in
            let previous = last[key]?.task
            // No parent: a caller that is cancelled must not leave it open whether its write goes on.
            let task = Task {
                _ = await previous?.value
                return await job()
            }
            last[key] = (id, task)
            return task
        }
        let outcome = await task.value
        last.withLock { if $0[key]?.id == id { $0[key] = nil } }
        return outcome
    }
}
