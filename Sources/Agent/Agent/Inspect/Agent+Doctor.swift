public import AgentAPI
internal import Synchronization

extension Agent {
    /// One examination at a time, shared by whoever asks meanwhile: each asks every provider and the keyring.
    public func doctor() async -> DoctorReport {
        let task = examination.withLock { running in
            if let running { return running }
            // No parent: whoever started it may go away.
            let task = Task {
                let report = await self.parts.examine()
                self.examination.withLock { $0 = nil }
                return report
            }
            running = task
            return task
        }
        return await task.value
    }
}
