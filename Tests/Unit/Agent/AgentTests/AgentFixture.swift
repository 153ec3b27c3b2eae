import Agent
import AgentAPI
import Configuration
import Logging
import OAuth
import SealedStorage
import Synchronization
import TestSupport
import Testing
import Vault

/// An agent whose provider, keyring and time the test controls.
final class AgentFixture: Sendable {
    let time = ManualTime()
    let provider = FakeProvider()
    let keyring: RecordingStore
    let files: TemporaryDirectory
    let sealed: SealedStore
    let agent: Agent
    let name: AccountName

    /// With `restarting`, creates a new agent with the files and stores of an earlier one; `wall` is the time at which it
    /// starts, in seconds since 1970.
    init(
        restarting earlier: AgentFixture? = nil, at wall: Int? = nil, hooks: HookParts = .none, sinks: SinkParts? = nil,
        redirectListeners: any RedirectListening = NoRedirectListener()
    ) throws {
        if let wall { time.stepWall(by: wall - time.wall) }
        files = try earlier?.files ?? TemporaryDirectory()
        keyring = earlier?.keyring ?? RecordingStore()
        sealed = SealedStore(
            path: files.path + "/sealed", credentialsDirectory: nil, time: time, cost: .cheap, warn: { _ in }
        )
        name = try #require(AccountName("work"))
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        agent = Agent(
            Agent.Parts(
                directory: AccountDirectory(user: files.path + "/user", system: files.path + "/system"),
                stores: StoreSet(keyring: keyring, sealed: sealed, journal: nil, time: time),
                transport: provider,
                time: time,
                jitter: { 0.5 },
                drawQRCode: { ["qr of \($0)"] },
                reloadSettings: {},
                examine: { _ in DoctorReport([]) },
                socket: "/run/test/agent.sock",
                processID: 1,
                logger: logger,
                hooks: hooks,
                notices: NoticeFile(path: files.path + "/notices.json"),
                renewals: RenewalFile(path: files.path + "/renewals.json"),
                sinks: sinks,
                redirectListeners: redirectListeners
            )
        )
    }

    static let settings = LoginSettings(issuer: FakeProvider.issuer, clientID: "tv", scopes: ["openid"])
    static let request = LoginRequest(settings: settings)

    /// Starts or joins a login and collects its events.
    func login(
        _ request: LoginRequest = AgentFixture.request, within limits: CallerLimits = CallerLimits()
    ) async throws -> EventLog {
        EventLog(try await agent.login(name, request, within: limits))
    }

    /// Runs a whole login with a grant at the first poll.
    @discardableResult
    func completeLogin(access: String = "a1", refresh: String? = "r1") async throws -> LoginEvent? {
        provider.script(.token, .grant(access: access, refresh: refresh))
        let log = try await login()
        await passInterval()
        return await log.events().last
    }

    /// Waits until the login sleeps until its next poll, and advances the time to it.
    func passInterval(_ seconds: Int = 5) async {
        // The timer of a login's timeout is not a poll.
        await eventually { self.time.hasSleeper(within: .seconds(seconds)) }
        time.advance(by: .seconds(seconds))
    }
}

/// The events that one watcher of a login received.
final class EventLog: Sendable {
    private final class Seen: Sendable {
        let events = Mutex<[LoginEvent]>([])
    }

    private let seen = Seen()
    private let task: Task<Void, Never>

    init(_ stream: AsyncStream<LoginEvent>) {
        task = Task { [seen] in
            for await event in stream { seen.events.withLock { $0.append(event) } }
        }
    }

    var soFar: [LoginEvent] { seen.events.withLock { $0 } }

    /// Returns all events, once the login has ended.
    func events() async -> [LoginEvent] {
        await task.value
        return soFar
    }

    func prompt() async -> LoginPrompt? {
        await eventually { !self.soFar.isEmpty }
        guard case .prompt(let prompt)? = soFar.first else { return nil }
        return prompt
    }

    func stopWatching() { task.cancel() }
}
