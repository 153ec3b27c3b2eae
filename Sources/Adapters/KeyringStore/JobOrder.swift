internal import Synchronization
internal import Vault

/// The order of jobs on one record, so that an older write never overwrites a newer one.
final class JobOrder: Sendable {
    private let last = Mutex<[RecordKey: (id: UInt64, task: Task<KeyringOutcome, Never>)]>([:])
    private let nextID = Atomic<UInt64>(0)

    func run(
        after key: RecordKey, _ job: @escaping @Sendable () async -> KeyringOutcome
    ) async -> KeyringOutcome {
        let id = nextID.add(1, ordering: .relaxed).newValue
        let task = last.withLock { last in
            let previous = last[key]?.task
            // Unstructured task: a cancelled caller must not leave it open whether its write continues.
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
