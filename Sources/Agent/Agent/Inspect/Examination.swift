internal import AgentAPI
internal import Synchronization
internal import System

/// The doctor's examination: one at a time, shared by concurrent callers, because it requests every provider and the
/// keyring.
final class Examination: Sendable {
    private let examine: @Sendable () async -> DoctorReport
    private let task = Mutex(SharedTask<DoctorReport>())

    init(examine: @escaping @Sendable () async -> DoctorReport) { self.examine = examine }

    func report() async -> DoctorReport {
        let running = task.withLock { task in
            task.join {
                let report = await self.examine()
                self.task.withLock { $0.end() }
                return report
            }
        }
        return await running.value
    }
}
