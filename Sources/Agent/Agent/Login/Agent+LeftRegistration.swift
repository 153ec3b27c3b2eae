internal import AgentAPI
internal import Configuration
internal import Synchronization

/// Registrations that outlive the logins which began them.
extension Agent {
    /// Whoever cancels a login does not wait for its provider: what it registers all the same is there for the next
    /// login, or given back.
    func leave(
        _ registration: Task<Result<LoginClient, LoginError>, Never>, for name: AccountName,
        _ settings: AccountSettings
    ) {
        state.withLock { state in
            // No parent: it ends with the registration, which has a limit; the agent's end waits for it.
            state.registrations[name] = Task {
                if case .success(let client) = await registration.value {
                    _ = await self.failed(.cancelled, client, for: name, settings)
                }
                self.state.withLock { _ = $0.registrations.removeValue(forKey: name) }
            }
        }
    }

    /// Waits for what a cancelled login has left to its end, so that one account never has two clients registered.
    func settleRegistration(of name: AccountName) async throws(LoginError) {
        guard let left = state.withLock({ $0.registrations[name] }) else { return }
        guard await left.valueUnlessCancelled != nil else { throw .cancelled }
    }
}
