public import AgentAPI
internal import Synchronization

extension Agent {
    /// Runs one examination at a time, shared by concurrent callers: each requests every provider and the keyring.
    public func doctor() async -> DoctorReport {
        let task = examination.withLock { running in
            if let running { return running }
            // Unstructured task: the caller that started it may disconnect while others wait.
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
