internal import AgentAPI
internal import Configuration
internal import OAuth
internal import Synchronization
internal import Vault

/// One account: its settings, its provider and its tokens.
final class Account: Sendable {
    let name: AccountName
    let provider: Provider
    let vault: AccountVault
    /// Why the login's account file could not be written. Such an account lives until the agent ends.
    private let fileFailure = Mutex<ConfigurationError?>(nil)

    init(name: AccountName, settings: AccountSettings, shared: SharedParts, lock: LockReason? = nil) {
        self.name = name
        provider = Provider(settings: settings, shared: shared)
        let entry = shared.stores[settings.store]
        vault = AccountVault(
            account: name,
            limits: settings.lockLimits,
            lock: lock,
            ports: AccountVault.Ports(
                refresher: provider,
                store: entry.store,
                reader: entry.reader,
                journal: entry.journal,
                time: shared.time,
                jitter: shared.jitter,
                scheduleChanged: { shared.schedule.changed() },
                report: { shared.report($0, of: name) }
            )
        )
    }

    var settings: AccountSettings { provider.settings }

    var unwritten: ConfigurationError? {
        get { fileFailure.withLock { $0 } }
        set { fileFailure.withLock { $0 = newValue } }
    }
}

extension AccountSettings {
    var lockLimits: LockLimits { LockLimits(idle: lockAfter, lifetime: lifetime) }
}
