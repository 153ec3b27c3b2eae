internal import AgentAPI
internal import Synchronization
internal import System

/// The doctor's examination: one at a time, shared by concurrent callers, because it requests every provider and the
/// keyring.
final class Examination: Sendable {
    private let examine: @Sendable ([AccountName: AccountStatus.State]) async -> DoctorReport
    private let task = Mutex(SharedTask<DoctorReport>())

    init(examine: @escaping @Sendable ([AccountName: AccountStatus.State]) async -> DoctorReport) {
        self.examine = examine
    }

    /// `states`: those of the accounts now, as far as they are known without asking a store.
    func report(_ states: [AccountName: AccountStatus.State]) async -> DoctorReport {
        let running = task.withLock { task in
            task.join {
                let report = await self.examine(states)
                self.task.withLock { $0.end() }
                return report
            }
        }
        return await running.value
    }
}
