public import AgentAPI
public import Configuration
public import Formats
public import Logging
public import Metrics
public import OAuth
public import ServiceLifecycle
public import Vault

/// The agent of one user: one function for each route, and the background work.
///
/// The types behind it own their state and do the work; each has a folder.
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
        public var reloadSettings: @Sendable () async throws(ConfigurationError) -> Void
        /// Opens the files of log and audit again, after a program has moved them away.
        public var reopenFiles: @Sendable () -> Void
        /// Runs the doctor's checks. Changes nothing.
        public var examine: @Sendable ([AccountName: AccountStatus.State]) async -> DoctorReport
        /// Finds out how the agent is protected. Changes nothing.
        public var examineSecurity: @Sendable () async -> SecurityReport
        /// The daemon's environment, which `AgentVariables` reports.
        public var environment: [String: String]
        public var socket: String
        public var processID: Int32
        public var logger: Logger
        public var hooks: HookParts
        /// Where the announcements of expiring logins are noted; `nil` if they need not outlive the process.
        public var notices: NoticeFile?
        /// Where questions to users are noted (the key `renew`); `nil` if they need not outlive the process.
        public var renewals: RenewalFile?
        /// `nil` if the agent writes no files of tokens.
        public var sinks: SinkParts?
        /// Opens the listeners of logins by code.
        public var redirectListeners: any RedirectListening

        public init(
            directory: AccountDirectory, stores: StoreSet, transport: any HTTPTransport, time: any Time,
            jitter: @escaping @Sendable () -> Double, drawQRCode: @escaping @Sendable (String) -> [String]?,
            reloadSettings: @escaping @Sendable () async throws(ConfigurationError) -> Void,
            examine: @escaping @Sendable ([AccountName: AccountStatus.State]) async -> DoctorReport, socket: String,
            processID: Int32, logger: Logger,
            environment: [String: String] = [:], hooks: HookParts = .none, notices: NoticeFile? = nil,
            renewals: RenewalFile? = nil,
            randomBytes: @escaping @Sendable (Int) -> [UInt8] = Parts.systemRandomBytes, sinks: SinkParts? = nil,
            redirectListeners: any RedirectListening = NoRedirectListener(),
            reopenFiles: @escaping @Sendable () -> Void = {},
            examineSecurity: @escaping @Sendable () async -> SecurityReport = { SecurityReport([]) }
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
            self.examineSecurity = examineSecurity
            self.socket = socket
            self.processID = processID
            self.logger = logger
            self.hooks = hooks
            self.notices = notices
            self.renewals = renewals
            self.randomBytes = randomBytes
            self.sinks = sinks
            self.redirectListeners = redirectListeners
            self.reopenFiles = reopenFiles
        }

        /// Returns bytes of the kernel's generator, through `SystemRandomNumberGenerator`.
        public static func systemRandomBytes(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: .min ... .max) }
        }
    }

    private let feed: EventFeed
    private let registry: AccountRegistry
    private let tokens: Tokens
    private let elevated: ElevatedTokens
    private let rejections: Rejections
    private let roles: AWSRoles
    private let logins: Logins
    private let logouts: Logouts
    private let managedStores: Stores
    private let agentLock: AgentLock
    private let statusReader: StatusReader
    private let inspections: Inspections
    private let examination: Examination
    private let examineSecurity: @Sendable () async -> SecurityReport
    private let metricsPage: MetricsPage
    private let background: BackgroundWork
    private let hooks: Hooks
    private let sinks: Sinks
    private let reopenFiles: @Sendable () -> Void

    /// Reads the account files. A bad file is logged and shown by `status`; the other accounts load.
    public init(_ parts: Parts) {
        let shared = SharedParts(parts)
        let registry = AccountRegistry(shared, reloadSettings: parts.reloadSettings)
        let revocations = RevocationQueue(shared)
        let leftovers = LeftoverCopies(shared: shared)
        let logins = Logins(shared, registry, revocations, drawQRCode: parts.drawQRCode)
        let migration = Migration(shared, registry, revocations, leftovers)
        let stores = Stores(shared: shared, registry: registry, migration: migration)
        (feed, self.registry, self.logins, managedStores) = (shared.feed, registry, logins, stores)
        tokens = Tokens(time: shared.time, registry: registry)
        reopenFiles = parts.reopenFiles
        elevated = ElevatedTokens(tokens: tokens)
        rejections = Rejections(tokens: tokens)
        roles = AWSRoles(shared: shared, registry: registry)
        sinks = Sinks(shared: shared, tokens: tokens, parts: parts.sinks)
        logouts = Logouts(
            shared: shared, registry: registry, logins: logins, revocations: revocations,
            sessions: ProviderSessions(shared: shared, queue: revocations), leftovers: leftovers, sinks: sinks)
        agentLock = AgentLock(shared: shared, registry: registry, logins: logins, stores: stores, sinks: sinks)
        let renewals = Renewals(shared: shared, registry: registry, logins: logins, book: shared.renewals)
        statusReader = StatusReader(
            shared: shared, registry: registry, logins: logins, sinks: sinks, renewals: renewals, parts)
        inspections = Inspections(shared: shared, registry: registry)
        examination = Examination(examine: parts.examine)
        examineSecurity = parts.examineSecurity
        metricsPage = MetricsPage(shared: shared, registry: registry, logins: logins, sinks: sinks)
        hooks = shared.hooks
        background = BackgroundWork(
            shared: shared, registry: registry, logins: logins, revocations: revocations,
            expiries: ExpiryNotices(shared, file: parts.notices), sinks: sinks, renewals: renewals)
    }

    public func match(_ url: ServiceURL) -> URLMatch? { registry.match(url) }

    public func tokenAtOnce(
        _ account: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) -> Result<TokenReply, Problem>? {
        guard request.acrValues.isEmpty else { return elevated.tokenAtOnce(account, request, within: limits) }
        return tokens.tokenAtOnce(account, request, within: limits)
    }

    public func cachedToken(_ name: AccountName, minimumValidity: Int, if isAdmitted: () -> Bool) -> TokenReply? {
        tokens.cachedToken(name, minimumValidity: minimumValidity, if: isAdmitted)
    }

    public func token(
        _ name: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) async throws(Problem) -> TokenReply {
        guard request.acrValues.isEmpty else { return try await elevated.token(name, request, within: limits) }
        return try await tokens.token(name, request, within: limits)
    }

    public func newerToken(
        _ name: AccountName, _ request: TokenRequest, than newerThan: Int, within limits: CallerLimits
    ) async throws(Problem) -> NewerTokenReply {
        try await tokens.newerToken(name, request, than: newerThan, within: limits)
    }

    /// The number of requests that wait for a newer token.
    package var waitCount: Int { registry.accounts.reduce(0) { $0 + $1.vault.waitCount } }

    public func rejectToken(
        _ name: AccountName, _ rejected: RejectedToken, within limits: CallerLimits
    ) async throws(Problem) -> TokenRejectionReply {
        try await rejections.reject(name, rejected, within: limits)
    }

    public func awsCredentials(
        _ name: AccountName, _ role: AWSRole, within limits: CallerLimits
    ) async throws(Problem) -> AWSCredentialsReply {
        try await roles.credentials(name, role, within: limits)
    }

    /// Returns at once, with the last known state of the stores.
    public func health() async -> AgentStatus { statusReader.health() }

    public func providers() -> ProviderList { .known }

    public func status(
        of isIncluded: @escaping @Sendable (AccountName) -> Bool = { _ in true }
    ) async -> StatusReport {
        await statusReader.status(of: isIncluded)
    }

    public func status(of name: AccountName) async throws(Problem) -> AccountStatus {
        try await statusReader.status(of: name)
    }

    public func login(
        _ name: AccountName, _ request: LoginRequest, within limits: CallerLimits
    ) async throws(Problem) -> AsyncStream<LoginEvent> {
        try await logins.login(name, request, within: limits)
    }

    public func cancelLogin(_ name: AccountName) async throws(Problem) { try await logins.cancelLogin(name) }

    public func answerLogin(
        _ name: AccountName, _ response: LoginResponse
    ) async throws(Problem) -> LoginResponseReply { try logins.answer(name, response) }

    public func logout(_ name: AccountName, _ request: LogoutRequest) async throws(Problem) -> LogoutReply {
        try await logouts.logout(name, request)
    }

    public func inspect(_ name: AccountName?, _ request: InspectRequest) async throws(Problem) -> InspectReply {
        try await inspections.inspect(name, request)
    }

    public func stores() async -> StoreReport { await managedStores.report() }

    public func changeStore(_ request: StoreRequest) async throws(Problem) -> StoreReply {
        try await managedStores.change(request)
    }

    public func lock(_ request: LockRequest) async throws(Problem) -> LockReply { try await agentLock.lock(request) }

    public func unlock(_ request: UnlockRequest) async throws(Problem) -> UnlockReply {
        try await agentLock.unlock(request)
    }

    public func credential(
        of account: AccountName, for target: TokenTarget?, as what: SinkContentKind
    ) async throws(Problem) -> [UInt8] {
        try await tokens.credential(of: account, for: target, as: what)
    }

    public func listSinks() -> SinkList { sinks.list() }

    public func addSink(_ request: SinkRequest) async throws(Problem) -> SinkStatus { try await sinks.add(request) }

    public func removeSink(_ path: String) async throws(Problem) -> SinkRemoval { try await sinks.remove(path) }

    public func reload() async throws(Problem) {
        // First: a refused configuration must not keep the agent writing to files that were moved away.
        reopenFiles()
        try await registry.reload()
    }

    public func events(after id: String?) -> EventWatch { feed.watch(after: id) }

    public func report(_ news: AgentNews) { feed.report(news) }

    public var isLocked: Bool { registry.isLocked }

    public func confirm(_ approval: Approval) async -> Bool? { await hooks.confirm(approval) }

    public func doctor() async -> DoctorReport { await examination.report(statusReader.states) }

    public func security() async -> SecurityReport { await examineSecurity() }
}

extension Agent: Service {
    public func run() async throws { await background.run() }
}

extension Agent: MetricSource {
    public func write(into page: inout MetricsText) { metricsPage.write(into: &page) }

    public func writeAccounts(where isVisible: (AccountName) -> Bool, into page: inout MetricsText) {
        metricsPage.writeAccounts(where: isVisible, into: &page)
    }
}
