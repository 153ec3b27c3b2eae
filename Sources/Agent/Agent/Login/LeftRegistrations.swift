internal import AgentAPI
internal import Synchronization
internal import Vault

/// Client registrations that outlive their cancelled logins.
final class LeftRegistrations: Sendable {
    private let registry: AccountRegistry
    /// Each has a claim of the registry, taken and released under this mutex.
    private let tasks = Mutex<[AccountName: Task<Void, Never>]>([:])

    init(registry: AccountRegistry) { self.registry = registry }

    /// Lets a registration finish without its cancelled login. Its client serves the next login, or `discard` deletes
    /// it at the provider.
    func leave(
        _ registration: Task<Result<LoginClient, LoginError>, Never>, of name: AccountName,
        discard: @escaping @Sendable (LoginClient) async -> Void
    ) {
        tasks.withLock { tasks in
            registry.claimRegistration(of: name)
            // Unstructured task: the login has ended. The registration has a timeout; the agent's stop waits for it.
            tasks[name] = Task {
                if case .success(let client) = await registration.value { await discard(client) }
                self.end(name)
            }
        }
    }

    private func end(_ name: AccountName) {
        tasks.withLock { tasks in
            tasks[name] = nil
            registry.release(.registration, of: name)
        }
    }

    /// Waits for the registration of a cancelled login, so that an account never has two registered clients.
    func settle(_ name: AccountName) async throws(LoginError) {
        guard let left = tasks.withLock({ $0[name] }) else { return }
        guard await left.valueUnlessCancelled != nil else { throw .cancelled }
    }

    func wait(for name: AccountName) async { await tasks.withLock { $0[name] }?.value }

    func waitForAll() async {
        for task in tasks.withLock({ Array($0.values) }) { await task.value }
    }
}
