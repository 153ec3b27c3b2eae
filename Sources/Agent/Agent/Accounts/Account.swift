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

    init(
        name: AccountName, settings: AccountSettings, surroundings: Surroundings, lock: LockReason? = nil
    ) {
        self.name = name
        provider = Provider(settings: settings, surroundings: surroundings)
        let entry = surroundings.stores[settings.store]
        vault = AccountVault(
            account: name,
            limits: settings.lockLimits,
            lock: lock,
            ports: AccountVault.Ports(
                refresher: provider,
                store: entry.store,
                reader: entry.reader,
                journal: entry.journal,
                time: surroundings.time,
                jitter: surroundings.jitter,
                scheduleChanged: surroundings.scheduleChanged,
                report: { surroundings.report(name, $0) }
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

/// The dependencies that all accounts share.
struct Surroundings: Sendable {
    let stores: StoreSet
    let transport: any HTTPTransport
    let metadata: MetadataCache
    let identities: IdentityVerifier
    let time: any Time
    let jitter: @Sendable () -> Double
    let randomBytes: @Sendable (Int) -> [UInt8]
    let scheduleChanged: @Sendable () -> Void
    /// Receives the events of each account.
    let report: @Sendable (AccountName, AccountNews) -> Void

    var stamp: AssertionStamp { AssertionStamp(time: time, randomBytes: randomBytes) }
}
