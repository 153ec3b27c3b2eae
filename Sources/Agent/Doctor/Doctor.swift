public import AgentAPI
internal import Configuration
public import OAuth
internal import Synchronization
public import System
public import Vault

/// The doctor: checks what logins and tokens depend on, concurrently and each with a timeout.
///
/// It changes nothing and starts no process. `DoctorCheck+….swift` turns the findings into checks without I/O.
public struct Doctor: Sendable {
    /// The doctor's dependencies. All I/O beyond this machine's files is injected.
    public struct Parts: Sendable {
        public var paths: UserPaths
        public var environment: [String: String]
        public var machine: MachinePaths
        /// The agent's keyring store with its session bus, or why there is none.
        public var keyring: Result<any CredentialStore, Fault>
        public var sealed: any KeyedStore
        /// Returns the content of the rotation journal; `nil` if there is none yet.
        public var journal: @Sendable () throws(Fault) -> JournalSurvey?
        public var transport: any HTTPTransport
        public var time: any Time
        /// Why the agent cannot run programs; `nil` if it can, or is not there.
        public var spawner: @Sendable () -> Fault?
        /// Whether this is the running agent, which may be refreshing at the moment.
        public var isAgent: Bool

        public init(
            paths: UserPaths, environment: [String: String], machine: MachinePaths = MachinePaths(),
            keyring: Result<any CredentialStore, Fault>, sealed: any KeyedStore,
            journal: @escaping @Sendable () throws(Fault) -> JournalSurvey?, transport: any HTTPTransport,
            time: any Time, isAgent: Bool, spawner: @escaping @Sendable () -> Fault? = { nil }
        ) {
            self.paths = paths
            self.environment = environment
            self.machine = machine
            self.keyring = keyring
            self.sealed = sealed
            self.journal = journal
            self.transport = transport
            self.time = time
            self.isAgent = isAgent
            self.spawner = spawner
        }
    }

    /// Above the 5 s after which the keyring helper gives up; below a refresh's timeout, because a person waits for the
    /// report.
    static let patience: Duration = .seconds(8)
    /// The limit of concurrent providers, so that the agent does not run out of descriptors.
    static let mostIssuers = 100

    let parts: Parts

    public init(_ parts: Parts) { self.parts = parts }

    /// Returns the report, at most `patience` later. `states`: those of the agent's accounts; `nil` without an agent.
    public func report(states: [AccountName: AccountStatus.State]? = nil) async -> DoctorReport {
        await report(states) { _ in }
    }

    /// Returns the report. `progress` is called after each examination with the number of those still running.
    package func report(
        _ states: [AccountName: AccountStatus.State]? = nil,
        _ progress: @escaping @Sendable (_ left: Int) -> Void
    ) async -> DoctorReport {
        let deadline = parts.time.now + Self.patience
        let directory = AccountDirectory(parts.paths)
        let found = await withDeadline(deadline, ifLate: nil) {
            await Self.blocking { AccountsOnDisk(directory) }
        }
        guard let accounts = found ?? nil else {
            return DoctorReport([Self.late(.accountFile, "the account files cannot be read in time")])
        }
        let examinations = examinations(of: accounts, states, until: deadline)
        let left = Countdown(examinations.count)
        // Start all of them before awaiting any.
        let running = examinations.map { examination in
            Task {
                let checks = await withDeadline(deadline, ifLate: [examination.late]) { await examination.run() }
                progress(left.countDown())
                return checks
            }
        }
        var checks: [DoctorCheck] = []
        for task in running { checks += await task.value }
        return DoctorReport(checks)
    }

    /// The account files as they are on disk now.
    struct AccountsOnDisk: Sendable {
        var settings: [(name: AccountName, settings: AccountSettings)]
        var errors: [(name: AccountName, error: ConfigurationError)]

        /// The files that contradict each other about a URL.
        var conflicts: [AccountName: ConfigurationError]

        init(_ directory: AccountDirectory) {
            let loaded = directory.loadAll()
            conflicts = directory.urls(of: loaded.accounts, refused: loaded.errors.keys).conflicts.mapValues(\.error)
            settings = loaded.accounts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            errors = loaded.errors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }

        var names: Set<AccountName> { Set(settings.map(\.name) + errors.map(\.name)) }

        /// A login without a configured store uses the keyring; so may an account with an unreadable file.
        var needKeyring: Bool {
            names.isEmpty || !errors.isEmpty || settings.contains { $0.settings.store == .keyring }
        }

        var needSealed: Bool { settings.contains { $0.settings.store == .sealed } }
    }
}

/// The number of tasks that still run.
private final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    func countDown() -> Int { left.subtract(1, ordering: .relaxed).newValue }
}
