internal import Advice
public import AgentAPI
public import Configuration
public import Logging
public import OAuth
internal import Synchronization
public import Vault

/// The agent: every account of this user on this machine, and what can be asked of them.
///
/// The routes' functions are in the extensions, one file for each flow: `Agent+Token`, `Agent+Login`, `Agent+Logout`,
/// `Agent+Status`, `Agent+Inspect`, `Agent+Providers`, `Agent+Store`, `Agent+Migrate`, `Agent+Lock`, `Agent+Doctor`,
/// `Agent+Reload`; what the agent does unasked is in `Agent+Schedule`.
public final class Agent: Sendable {
    /// What the agent is made of; everything that does I/O comes in from outside.
    public struct Parts: Sendable {
        public var directory: AccountDirectory
        public var stores: StoreSet
        public var transport: any HTTPTransport
        public var time: any Time
        /// From 0 to 1.
        public var jitter: @Sendable () -> Double
        /// That nobody can predict.
        public var randomBytes: @Sendable (Int) -> [UInt8]
        /// Lines of half blocks for a URL; nil when it does not fit.
        public var drawQRCode: @Sendable (String) -> [String]?
        /// Reads the daemon's own settings again and applies them, or throws and changes nothing.
        public var reloadSettings: @Sendable () throws(ConfigurationError) -> Void
        /// Looks at everything that has to be right, and changes nothing.
        public var examine: @Sendable () async -> DoctorReport
        /// What `AgentSurroundings` shows of it.
        public var environment: [String: String]
        public var socket: String
        public var processID: Int32
        public var logger: Logger

        public init(
            directory: AccountDirectory, stores: StoreSet, transport: any HTTPTransport, time: any Time,
            jitter: @escaping @Sendable () -> Double, drawQRCode: @escaping @Sendable (String) -> [String]?,
            reloadSettings: @escaping @Sendable () throws(ConfigurationError) -> Void,
            examine: @escaping @Sendable () async -> DoctorReport, socket: String, processID: Int32, logger: Logger,
            environment: [String: String] = [:],
            randomBytes: @escaping @Sendable (Int) -> [UInt8] = Parts.systemRandomBytes
        ) {
            self.environment = environment
            self.directory = directory
            self.stores = stores
            self.transport = transport
            self.time = time
            self.jitter = jitter
            self.drawQRCode = drawQRCode
            self.reloadSettings = reloadSettings
            self.examine = examine
            self.socket = socket
            self.processID = processID
            self.logger = logger
            self.randomBytes = randomBytes
        }

        /// From the kernel, as Swift's own generator has them.
        public static func systemRandomBytes(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: .min ... .max) }
        }
    }

    struct State {
        var accounts: [AccountName: Account] = [:]
        var logins: [AccountName: PendingLogin] = [:]
        /// Accounts that are on their way into another store; nobody logs in or out there meanwhile.
        var moving: Set<AccountName> = []
        /// Those that logins which were cancelled have left to themselves.
        var registrations: [AccountName: Task<Void, Never>] = [:]
        /// Account files that cannot be read, for `status`.
        var fileErrors: [AccountName: ConfigurationError] = [:]
        var lock = AgentLock()
    }

    let parts: Parts
    let surroundings: Surroundings
    let revocations: RevocationQueue
    let schedule = Schedule()
    let feed: EventFeed
    let storeHealth: StoreHealth
    let metrics: AgentMetrics
    let state = Mutex(State())
    /// The last reload or migration that was asked for.
    let turn = Mutex<Task<Void, Never>?>(nil)
    /// The examination under way, for whoever asks meanwhile.
    let examination = Mutex<Task<DoctorReport, Never>?>(nil)

    /// One migration at a time.
    let isMigrating = Mutex(false)

    /// Reads the account files; a bad one is logged and shown by `status`, and hides no other.
    public init(_ parts: Parts) {
        let feed = EventFeed(origin: EventFeed.origin(parts.randomBytes), time: parts.time)
        let storeHealth = StoreHealth { feed.report(AgentNews($0, is: $1)) }
        let metrics = AgentMetrics()
        var parts = parts
        parts.stores = parts.stores.observed(by: storeHealth)
        parts.transport = MeasuredTransport(transport: parts.transport, time: parts.time, metrics: metrics)
        (self.parts, self.feed, self.storeHealth, self.metrics) = (parts, feed, storeHealth, metrics)
        let schedule = schedule
        let metadata = MetadataCache(transport: parts.transport, time: parts.time)
        surroundings = Surroundings(
            stores: parts.stores,
            transport: parts.transport,
            metadata: metadata,
            identities: IdentityVerifier(
                metadata: metadata, keys: KeyCache(transport: parts.transport, time: parts.time), time: parts.time
            ),
            time: parts.time,
            jitter: parts.jitter,
            randomBytes: parts.randomBytes,
            scheduleChanged: { schedule.changed() },
            report: { [time = parts.time] account, news in
                if let result = news.refreshResult(of: account) { metrics.refreshed(result) }
                if let news = AgentNews(news, of: account, time) { feed.report(news) }
            }
        )
        revocations = RevocationQueue(surroundings: surroundings, logger: parts.logger)
        let (settings, errors) = parts.directory.loadAll()
        for (name, error) in errors {
            parts.logger.error("account file refused", metadata: ["account": "\(name)", "problem": "\(error)"])
        }
        state.withLock { state in
            state.fileErrors = errors
            for (name, settings) in settings {
                state.accounts[name] = Account(name: name, settings: settings, surroundings: surroundings)
            }
        }
    }

    func known(_ name: AccountName) -> Account? { state.withLock { $0.accounts[name] } }

    /// The account of that name, also when its file was put there after the agent started.
    func account(_ name: AccountName) throws(Problem) -> Account {
        if let account = known(name) { return account }
        let settings: AccountSettings?
        do throws(ConfigurationError) { settings = try parts.directory.load(name) } catch {
            throw .configuration(error)
        }
        guard let settings else { throw .unknown(name) }
        let fresh = make(name, settings)
        return state.withLock { state in
            let account = state.accounts[name] ?? fresh
            state.install(account)
            return account
        }
    }
}
