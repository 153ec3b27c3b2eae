internal import AgentAPI
internal import Configuration
internal import Synchronization

/// Client registrations that outlive their cancelled logins.
extension Agent {
    /// Lets a registration finish without its cancelled login. Its client serves the next login, or is deleted at the
    /// provider.
    func leave(
        _ registration: Task<Result<LoginClient, LoginError>, Never>, for name: AccountName,
        _ settings: AccountSettings
    ) {
        state.withLock { state in
            // Unstructured task: the login has ended. The registration has a timeout; the agent's stop waits for it.
            state.registrations[name] = Task {
                if case .success(let client) = await registration.value {
                    _ = await self.failed(.cancelled, client, for: name, settings)
                }
                self.state.withLock { _ = $0.registrations.removeValue(forKey: name) }
            }
        }
    }

    /// Waits for the registration of a cancelled login, so that an account never has two registered clients.
    func settleRegistration(of name: AccountName) async throws(LoginError) {
        guard let left = state.withLock({ $0.registrations[name] }) else { return }
        guard await left.valueUnlessCancelled != nil else { throw .cancelled }
    }
}
