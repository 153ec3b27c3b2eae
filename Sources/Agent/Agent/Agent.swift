internal import Advice
public import AgentAPI
public import Configuration
public import Logging
public import OAuth
internal import Synchronization
public import Vault

/// The agent of one user: all accounts, and the operations behind the routes.
///
/// The routes' functions are in extensions, one file for each flow, such as `Agent+Token` and `Agent+Login`.
/// `Agent+Schedule` holds the background work.
public final class Agent: Sendable {
    /// The agent's dependencies. All I/O is injected.
    public struct Parts: Sendable {
        public var directory: AccountDirectory
        public var stores: StoreSet
        public var transport: any HTTPTransport
        public var time: any Time
        /// Returns a number from 0 to 1.
        public var jitter: @Sendable () -> Double
        /// Returns cryptographically secure random bytes.
        public var randomBytes: @Sendable (Int) -> [UInt8]
        /// Returns the QR code of a URL as lines of half blocks; `nil` if it does not fit.
        public var drawQRCode: @Sendable (String) -> [String]?
        /// Reads the daemon's settings again and applies them; throws without a change if one is wrong.
        public var reloadSettings: @Sendable () throws(ConfigurationError) -> Void
        /// Runs the doctor's checks. Changes nothing.
        public var examine: @Sendable () async -> DoctorReport
        /// The daemon's environment, which `AgentVariables` reports.
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

        /// Returns bytes of the kernel's generator, through `SystemRandomNumberGenerator`.
        public static func systemRandomBytes(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: .min ... .max) }
        }
    }

    struct State {
        var accounts: [AccountName: Account] = [:]
        var logins: [AccountName: PendingLogin] = [:]
        /// Accounts that a migration is moving between stores. No login or logout of them may start.
        var moving: Set<AccountName> = []
        /// Client registrations that outlive their cancelled logins.
        var registrations: [AccountName: Task<Void, Never>] = [:]
        /// Errors of account files that cannot be read, for `status`.
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
    /// The last requested reload or migration; the next one waits for it.
    let turn = Mutex<Task<Void, Never>?>(nil)
    /// The running examination, which concurrent callers share.
    let examination = Mutex<Task<DoctorReport, Never>?>(nil)

    /// Whether a migration is running. A second one is refused.
    let isMigrating = Mutex(false)

    /// Reads the account files. A bad file is logged and shown by `status`; the other accounts load.
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

    /// Returns the account, and loads its file if that was created after the agent started.
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
