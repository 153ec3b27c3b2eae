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
    private let shared: SharedParts
    /// Why the login's account file could not be written. Such an account lives until the agent ends.
    private let fileFailure = Mutex<ConfigurationError?>(nil)

    init(name: AccountName, settings: AccountSettings, shared: SharedParts, lock: LockReason? = nil) {
        self.name = name
        self.shared = shared
        let provider = Provider(settings: settings, shared: shared)
        self.provider = provider
        let isMachine = settings.machineGrant != nil
        let entry = shared.stores[settings.store]
        vault = AccountVault(
            account: name,
            limits: settings.lockLimits,
            lock: lock,
            ports: AccountVault.Ports(
                refresher: provider,
                machine: isMachine ? MachineTokens(account: name, provider: provider, shared: shared) : nil,
                store: entry.store,
                reader: entry.reader,
                // Without a refresh token there is nothing to lose.
                journal: isMachine ? nil : entry.journal,
                time: shared.time,
                jitter: shared.jitter,
                scheduleChanged: { shared.schedule.changed() },
                report: { shared.report($0, of: name) },
                sourceChanged: { shared.derivations.withdraw(from: name, because: $0) }
            )
        )
    }

    var settings: AccountSettings { provider.settings }

    /// The settings have changed, and the account goes on: tokens that were requested with the old ones go, and those
    /// that are made from this account's.
    func settingsChanged() {
        vault.settingsChanged()
        shared.derivations.withdraw(from: name, because: .replaced)
    }

    var unwritten: ConfigurationError? {
        get { fileFailure.withLock { $0 } }
        set { fileFailure.withLock { $0 = newValue } }
    }
}

extension AccountSettings {
    var lockLimits: LockLimits { LockLimits(idle: lockAfter, lifetime: lifetime) }
}
