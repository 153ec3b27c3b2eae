import AgentAPI
import AgentServer
import OAuth
import Synchronization
import TestSupport

/// An agent without accounts: the account's name determines its behaviour, and a test opens its gates.
///
/// `work` answers at once, `slow` waits at the gate `refresh`, `large` has a token of megabytes, `deep` one with
/// claims that no JSON writer takes, `ghost` is unknown and `gone` is logged out. `https://NAME.example/` is the URL of
/// the account NAME, unless a test gives `matches`.
final class FakeAgentService: AgentService {
    enum Call: Equatable, Sendable {
        case token(AccountName, TokenRequest, CallerLimits = CallerLimits())
        case newerToken(AccountName, TokenRequest, than: Int, CallerLimits = CallerLimits())
        case rejectToken(AccountName, RejectedToken, CallerLimits = CallerLimits())
        case awsCredentials(AccountName, AWSRole, CallerLimits = CallerLimits())
        case login(AccountName, LoginRequest, CallerLimits = CallerLimits())
        case cancelLogin(AccountName)
        case answerLogin(AccountName, LoginResponse)
        case logout(AccountName, LogoutRequest)
        case inspect(AccountName?, InspectRequest)
        case changeStore(StoreRequest)
        case lock(LockRequest)
        case unlock(UnlockRequest)
        case reload
        case addSink(SinkRequest)
        case removeSink(String)
        case events(String?)
    }

    private struct State {
        var calls: [Call] = []
        var finished: [Call] = []
        var watchers: [AsyncStream<LoginEvent>.Continuation] = []
        var watchersThatLeft = 0
        var eventWatchers: [AsyncStream<AgentEvent>.Continuation] = []
        var news: [AgentNews] = []
        var storeDetail: String?
        var failing: Problem?
        var canary: String?
        var lookups = 0
        var matches: [String: URLMatch] = [:]
        var matchCount = 0
        var isLocked = false
        var programAnswer: Bool?
        var newerWaits: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    static let largeTokenSize = 4 * 1024 * 1024

    /// The gate at which all requests for `slow` wait.
    let refresh = Gate()
    private let state = Mutex(State())

    /// The store's detail in the status.
    var storeDetail: String? {
        get { state.withLock { $0.storeDetail } }
        set { state.withLock { $0.storeDetail = newValue } }
    }

    /// The problem of `fails`.
    var failing: Problem? {
        get { state.withLock { $0.failing } }
        set { state.withLock { $0.failing = newValue } }
    }

    /// A text for the owner only, in place of all texts of files, stores and providers.
    var canary: String? {
        get { state.withLock { $0.canary } }
        set { state.withLock { ($0.canary, $0.storeDetail) = (newValue, newValue) } }
    }

    /// The number of account look-ups.
    var lookups: Int { state.withLock { $0.lookups } }

    var calls: [Call] { state.withLock { $0.calls } }
    /// The calls that have completed, whether or not the client still waited.
    var finished: [Call] { state.withLock { $0.finished } }
    var watchersThatLeft: Int { state.withLock { $0.watchersThatLeft } }
    var watcherCount: Int { state.withLock { $0.watchers.count } }

    /// Sends an event to all watchers of a login.
    func send(_ event: LoginEvent) {
        for watcher in state.withLock({ $0.watchers }) {
            watcher.yield(event)
            switch event {
            case .done, .failed: watcher.finish()
            case .prompt, .slowed, .retrying, .resumed: break
            }
        }
    }

    static func reply(_ account: AccountName) -> TokenReply {
        TokenReply(
            accessToken: account.description == "large" ? String(repeating: "a", count: largeTokenSize) : "at-secret",
            tokenType: "Bearer", expiresIn: 300, scope: "a b", expiresAt: 1_800_000_300, account: account, note: nil
        )
    }

    /// The accounts by prefix, in place of those with their own hosts.
    var matches: [String: URLMatch] {
        get { state.withLock { $0.matches } }
        set { state.withLock { $0.matches = newValue } }
    }

    /// The number of URLs that were looked up.
    var matchCount: Int { state.withLock { $0.matchCount } }

    func match(_ url: ServiceURL) -> URLMatch? {
        let (matches, canary) = state.withLock { state in
            state.matchCount += 1
            return (state.matches, state.canary)
        }
        if !matches.isEmpty { return url.prefixes.lazy.compactMap { matches[String($0)] }.first }
        let host = url.text.dropFirst("https://".count).prefix { $0 != "/" }
        guard host.hasSuffix(".example"), let name = AccountName(host.dropLast(".example".count)) else { return nil }
        return URLMatch(
            prefix: "https://\(host)/", accounts: [MappedAccount(account: name, file: canary ?? "work.toml")])
    }

    func tokenAtOnce(
        _ account: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) -> Result<TokenReply, Problem>? {
        state.withLock { $0.lookups += 1 }
        switch account.description {
        case "work", "large":
            state.withLock { $0.calls.append(.token(account, request, limits)) }
            return .success(Self.reply(account))
        case "gone":
            return .failure(
                Problem(
                    .loginRequired, "no login for 'gone'", hint: "run 'authagent login gone'", reason: "not_logged_in")
            )
        default: return nil
        }
    }

    func cachedToken(_ account: AccountName, minimumValidity: Int, if isAdmitted: () -> Bool) -> TokenReply? {
        guard ["work", "large"].contains(account.description), isAdmitted() else { return nil }
        state.withLock { state in
            state.lookups += 1
            state.calls.append(
                .token(account, TokenRequest(minimumValidity: minimumValidity, includesIDToken: false)))
        }
        return Self.reply(account)
    }

    func events(after id: String?) -> EventWatch {
        let (stream, watcher) = AsyncStream.makeStream(of: AgentEvent.self)
        watcher.onTermination = { [weak self] reason in
            if case .cancelled = reason { self?.state.withLock { $0.watchersThatLeft += 1 } }
        }
        state.withLock { state in
            state.calls.append(.events(id))
            state.eventWatchers.append(watcher)
        }
        return EventWatch(start: EventID(origin: "a1", count: 7), events: stream)
    }

    func report(_ news: AgentNews) { state.withLock { $0.news.append(news) } }

    /// Whether the agent is locked.
    var isLocked: Bool {
        get { state.withLock { $0.isLocked } }
        set { state.withLock { $0.isLocked = newValue } }
    }

    /// The answer of the owner's program to each question.
    var programAnswer: Bool? {
        get { state.withLock { $0.programAnswer } }
        set { state.withLock { $0.programAnswer = newValue } }
    }

    func confirm(_ approval: Approval) async -> Bool? { programAnswer }

    var news: [AgentNews] { state.withLock { $0.news } }
    var eventWatchers: [AsyncStream<AgentEvent>.Continuation] { state.withLock { $0.eventWatchers } }

    func providers() -> ProviderList { ProviderList(providers: []) }

    func token(
        _ account: AccountName, _ request: TokenRequest, within limits: CallerLimits
    ) async throws(Problem) -> TokenReply {
        try await perform(.token(account, request, limits), of: account)
        return Self.reply(account)
    }

    func newerToken(
        _ account: AccountName, _ request: TokenRequest, than newerThan: Int, within limits: CallerLimits
    ) async throws(Problem) -> NewerTokenReply {
        state.withLock { $0.calls.append(.newerToken(account, request, than: newerThan, limits)) }
        switch account.description {
        case "fails": if let failing { throw failing }
        case "slow": guard await waitForNewer() else { return .same(tag: "000000000000002a") }
        default: break
        }
        return .newer(Self.reply(account), tag: "000000000000002b")
    }

    /// The waits for a newer token of `slow` that have begun and not ended.
    var waitingForNewer: Int { state.withLock { $0.newerWaits.count } }

    /// Ends these waits with a newer token.
    func sendNewerToken() {
        let waits = state.withLock { state in
            defer { state.newerWaits = [:] }
            return state.newerWaits.values
        }
        for wait in waits { wait.resume(returning: true) }
    }

    /// Returns whether there is one; false if the task is cancelled.
    private func waitForNewer() async -> Bool {
        let id = state.withLock { state in
            state.lookups += 1
            return state.lookups
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if !Task.isCancelled { state.newerWaits[id] = continuation }
                    return Task.isCancelled
                }
                if isCancelled { continuation.resume(returning: false) }
            }
        } onCancel: {
            state.withLock { $0.newerWaits.removeValue(forKey: id) }?.resume(returning: false)
        }
    }

    func rejectToken(
        _ account: AccountName, _ rejected: RejectedToken, within limits: CallerLimits
    ) async throws(Problem) -> TokenRejectionReply {
        try await perform(.rejectToken(account, rejected, limits), of: account)
        return TokenRejectionReply(account: account, result: .renewed)
    }

    func awsCredentials(
        _ account: AccountName, _ role: AWSRole, within limits: CallerLimits
    ) async throws(Problem) -> AWSCredentialsReply {
        try await perform(.awsCredentials(account, role, limits), of: account)
        return AWSCredentialsReply(
            accessKeyID: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "session",
            expiration: "2033-05-18T03:33:20Z", expiresAt: 2_000_000_000, accountID: role.account)
    }

    func health() async -> AgentStatus {
        AgentStatus(
            version: agentVersion, pid: 1, socket: "/run/agent.sock", storeState: .ok, storeDetail: storeDetail,
            storeHint: canary, sealedState: canary.map { _ in .failed }, sealedDetail: canary, sealedHint: canary,
            environment: canary.map { ["https_proxy": $0] }
        )
    }

    func status(of isIncluded: @escaping @Sendable (AccountName) -> Bool) async -> StatusReport {
        let names = ["work", "other"].compactMap { AccountName($0) }
        return StatusReport(
            agent: await health(), accounts: names.filter(isIncluded).map(status), sinks: listSinks().sinks)
    }

    func status(of account: AccountName) async throws(Problem) -> AccountStatus {
        try await perform(nil, of: account)
        return status(account)
    }

    func login(
        _ account: AccountName, _ request: LoginRequest, within limits: CallerLimits
    ) async throws(Problem) -> AsyncStream<LoginEvent> {
        try await perform(.login(account, request, limits), of: account)
        let (stream, watcher) = AsyncStream.makeStream(of: LoginEvent.self)
        watcher.onTermination = { [weak self] reason in
            if case .cancelled = reason { self?.state.withLock { $0.watchersThatLeft += 1 } }
        }
        state.withLock { $0.watchers.append(watcher) }
        return stream
    }

    func answerLogin(
        _ account: AccountName, _ response: LoginResponse
    ) async throws(Problem) -> LoginResponseReply {
        try await perform(.answerLogin(account, response), of: account)
        let isRight = response.response.hasPrefix("code=")
        return LoginResponseReply(account: account, accepted: isRight, detail: isRight ? nil : "canary-words")
    }

    func cancelLogin(_ account: AccountName) async throws(Problem) {
        try await perform(.cancelLogin(account), of: account)
    }

    func logout(_ account: AccountName, _ request: LogoutRequest) async throws(Problem) -> LogoutReply {
        try await perform(.logout(account, request), of: account)
        return LogoutReply(
            account: account, revoked: request.local != true && canary == nil, reason: canary, forgotten: true,
            clientForgotten: canary.map { _ in false }, clientReason: canary)
    }

    func inspect(_ account: AccountName?, _ request: InspectRequest) async throws(Problem) -> InspectReply {
        try await perform(.inspect(account, request), of: account)
        var token = TokenInspection(role: .given, form: .opaque)
        if account?.description == "deep" {
            token.claims = (0..<600).reduce(.null) { content, _ in .array([content]) }
        }
        if let canary {
            token.signature = SignatureReport(.unreachable, algorithm: "RS256", detail: canary)
            token.introspection = IntrospectionReport(
                .active, members: .object(["active": .bool(true), "scope": .string("a"), canary: .string(canary)]),
                detail: canary)
        }
        return InspectReply(account: account, tokens: [token])
    }

    func stores() async -> StoreReport { StoreReport(stores: [Self.sealed]) }

    func changeStore(_ request: StoreRequest) async throws(Problem) -> StoreReply {
        try await perform(.changeStore(request), of: nil)
        return StoreReply(store: Self.sealed)
    }

    func lock(_ request: LockRequest) async throws(Problem) -> LockReply {
        try await perform(.lock(request), of: nil)
        return LockReply(locked: true)
    }

    func unlock(_ request: UnlockRequest) async throws(Problem) -> UnlockReply {
        try await perform(.unlock(request), of: nil)
        return UnlockReply(unlocked: true)
    }

    private static let sealed = StoreDescription(store: "sealed", state: .ok, accounts: 1)

    func security() async -> SecurityReport { SecurityReport([SecurityCheck(.core, .strong, "no core file")]) }
    func doctor() async -> DoctorReport { DoctorReport([DoctorCheck(.agentProgram, .ok, "it runs")]) }

    func credential(
        of account: AccountName, for target: TokenTarget?, as what: SinkContentKind
    ) async throws(Problem) -> [UInt8] {
        try await perform(.token(account, TokenRequest(target: target)), of: account)
        return account.description == "large"
            ? [UInt8](repeating: 97, count: Self.largeTokenSize) : Array("at-secret".utf8)
    }

    func listSinks() -> SinkList {
        guard let sink = Self.sink else { return SinkList(sinks: []) }
        return SinkList(sinks: [sink])
    }

    func addSink(_ request: SinkRequest) async throws(Problem) -> SinkStatus {
        try await perform(.addSink(request), of: request.account)
        return SinkStatus(
            path: request.path ?? "/run/sink", account: request.account, what: request.what ?? .accessToken, state: .ok,
            source: "sinks.toml:1")
    }

    func removeSink(_ path: String) async throws(Problem) -> SinkRemoval {
        try await perform(.removeSink(path), of: nil)
        return SinkRemoval(path: path, removed: true)
    }

    private static let sink = AccountName("work").map {
        SinkStatus(path: "/run/sink", account: $0, what: .accessToken, state: .ok, source: "authagent.toml:1")
    }

    func reload() async throws(Problem) { try await perform(.reload, of: nil) }

    private func perform(_ call: Call?, of account: AccountName?) async throws(Problem) {
        state.withLock { state in
            if account != nil { state.lookups += 1 }
            if let call { state.calls.append(call) }
        }
        switch account?.description {
        case "fails": if let failing { throw failing }
        case "slow": await refresh.pass()
        case "ghost":
            throw Problem(.unknownAccount, "there is no account 'ghost'", hint: "run 'authagent login ghost'")
        default: break
        }
        if let call { state.withLock { $0.finished.append(call) } }
    }

    private func status(_ account: AccountName) -> AccountStatus {
        AccountStatus(
            account: account, state: .ok, issuer: "https://issuer.example", scope: "a b", store: "keyring",
            urls: ["https://\(account).example/"], gitUsername: "git-user", registryUsername: "git-user",
            lastError: canary, hint: canary)
    }
}
