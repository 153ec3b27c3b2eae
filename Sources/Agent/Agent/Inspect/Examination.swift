internal import AgentAPI
internal import Synchronization

/// The doctor's examination: one at a time, shared by concurrent callers, because it requests every provider and the
/// keyring.
final class Examination: Sendable {
    private let examine: @Sendable () async -> DoctorReport
    private let running = Mutex<Task<DoctorReport, Never>?>(nil)

    init(examine: @escaping @Sendable () async -> DoctorReport) { self.examine = examine }

    func report() async -> DoctorReport {
        let task = running.withLock { running in
            if let running { return running }
            // Unstructured task: the caller that started it may disconnect while others wait.
            let task = Task {
                let report = await self.examine()
                self.running.withLock { $0 = nil }
                return report
            }
            running = task
            return task
        }
        return await task.value
    }
}
