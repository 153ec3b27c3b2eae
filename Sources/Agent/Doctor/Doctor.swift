public import AgentAPI
internal import Configuration
public import OAuth
internal import Synchronization
public import System
public import Vault

/// Looks at everything that has to be right for logins and tokens, all at once, each within its own time.
///
/// It changes nothing and starts nobody. What was found becomes a check in `DoctorCheck+….swift`, without any I/O.
public struct Doctor: Sendable {
    /// Where it looks; everything that does I/O beyond this machine's files comes in from outside.
    public struct Parts: Sendable {
        public var paths: UserPaths
        public var environment: [String: String]
        public var machine: MachinePaths
        /// Of the agent itself, with its own session bus; or why there is none.
        public var keyring: Result<any CredentialStore, Fault>
        public var sealed: any KeyedStore
        /// What is in the rotation journal; `nil` if there is none yet.
        public var journal: @Sendable () throws(Fault) -> JournalSurvey?
        public var transport: any HTTPTransport
        public var time: any Time
        /// Whether this is the running agent, whose refreshes may be under way.
        public var isAgent: Bool

        public init(
            paths: UserPaths, environment: [String: String], machine: MachinePaths = MachinePaths(),
            keyring: Result<any CredentialStore, Fault>, sealed: any KeyedStore,
            journal: @escaping @Sendable () throws(Fault) -> JournalSurvey?, transport: any HTTPTransport,
            time: any Time, isAgent: Bool
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
        }
    }

    /// A keyring that has not answered by then is hung: its helper gives up after 5 s. A provider is given up earlier
    /// than a refresh would, because a person waits for all of it.
    static let patience: Duration = .seconds(8)
    /// More providers than this are not asked at a time, so that the agent keeps its descriptors for its work.
    static let mostIssuers = 100

    let parts: Parts

    public init(_ parts: Parts) { self.parts = parts }

    /// Takes no longer than `patience`, whatever hangs.
    public func report() async -> DoctorReport { await report { _ in } }

    /// The same; `progress` is called after each examination with the number of those that still run.
    package func report(_ progress: @escaping @Sendable (_ left: Int) -> Void) async -> DoctorReport {
        let deadline = parts.time.now + Self.patience
        let directory = AccountDirectory(parts.paths)
        let found = await withDeadline(deadline, ifLate: nil) {
            await Self.blocking { AccountsOnDisk(directory.loadAll()) }
        }
        guard let accounts = found ?? nil else {
            return DoctorReport([Self.late(.accountFile, "the account files cannot be read in time")])
        }
        let examinations = examinations(of: accounts, until: deadline)
        let left = Countdown(examinations.count)
        // All begin before any is awaited.
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

    /// The account files as they are on the disk now.
    struct AccountsOnDisk: Sendable {
        var settings: [(name: AccountName, settings: AccountSettings)]
        var errors: [(name: AccountName, error: ConfigurationError)]

        init(_ loaded: (accounts: [AccountName: AccountSettings], errors: [AccountName: ConfigurationError])) {
            settings = loaded.accounts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            errors = loaded.errors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }

        var names: Set<AccountName> { Set(settings.map(\.name) + errors.map(\.name)) }

        /// A login that names no store goes to the keyring, and so may an account whose file cannot be read.
        var needKeyring: Bool {
            names.isEmpty || !errors.isEmpty || settings.contains { $0.settings.store == .keyring }
        }

        var needSealed: Bool { settings.contains { $0.settings.store == .sealed } }
    }
}

/// How many of several tasks still run.
private final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    func countDown() -> Int { left.subtract(1, ordering: .relaxed).newValue }
}
