internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import Synchronization
internal import Vault

/// A login that waits for approval. The daemon owns it; clients may come and go.
final class PendingLogin: Sendable {
    private struct State {
        /// `nil` until it is chosen.
        var grant: GrantKind?
        var prompt: (prompt: LoginPrompt, deadline: ContinuousClock.Instant)?
        /// Why polls fail at the moment. Watchers get one event for an outage.
        var outage: String?
        var final: LoginEvent?
        var watchers: [Int: Watcher] = [:]
        var nextWatcher = 0
        var task: Task<Void, Never>?
        var stopReason: StopReason?
        /// The timers of timeouts that clients have set.
        var timers: [Task<Void, Never>] = []

        func tell(_ event: LoginEvent) { for watcher in watchers.values { watcher.events.yield(event) } }

        mutating func endOutage() {
            guard outage != nil else { return }
            outage = nil
            tell(.resumed)
        }
    }

    private struct Watcher {
        var events: AsyncStream<LoginEvent>.Continuation
        var wantsQRCode: Bool
    }

    enum StopReason: Sendable {
        case cancelled
        case timedOut(after: Duration)
        case agentStopped
        case locked
    }

    let account: AccountName
    let settings: AccountSettings
    let demands: LoginDemands
    /// Takes the provider's response to a login by code.
    let inbox: AuthorizationInbox
    /// `nil` for a login that a person has started.
    let renewal: LoginRenewal?
    /// Whether a caller other than the agent's owner has started the login.
    let isByOthers: Bool
    private let time: any Time
    private let drawQRCode: @Sendable (String) -> [String]?
    /// Receives the prompt once, with the remaining time.
    private let prompted: @Sendable (LoginPrompt) -> Void
    private let state = Mutex(State())

    /// A watcher that falls further behind loses its oldest events; a login has few.
    private static let watcherBuffer = 64

    init(
        account: AccountName, settings: AccountSettings, demands: LoginDemands = LoginDemands(),
        renewal: LoginRenewal? = nil, isByOthers: Bool = false, time: any Time, logger: Logger,
        drawQRCode: @escaping @Sendable (String) -> [String]?,
        prompted: @escaping @Sendable (LoginPrompt) -> Void = { _ in }
    ) {
        self.account = account
        self.settings = settings
        self.demands = demands
        inbox = AuthorizationInbox(account: account, logger: logger)
        self.renewal = renewal
        self.isByOthers = isByOthers
        self.time = time
        self.drawQRCode = drawQRCode
        self.prompted = prompted
    }

    /// Runs `body` independently of any client's connection.
    func start(_ body: @escaping @Sendable () async -> LoginEvent) {
        // Unstructured task: it outlives its request and ends with the final event or with `stop`.
        let task = Task { self.finish(await body()) }
        let isStopped = state.withLock { state in
            state.task = task
            return state.stopReason != nil
        }
        if isStopped { task.cancel() }
    }

    /// Ends the login; its final event follows.
    func stop(_ reason: StopReason) {
        state.withLock { state in
            if state.stopReason == nil { state.stopReason = reason }
            return state.task
        }?.cancel()
    }

    /// Ends the login after `limit`.
    func stop(after limit: Duration) {
        let deadline = time.now + limit
        // Unstructured task: it ends with the login.
        let timer = Task { [weak self, time] in
            do { try await time.sleep(until: deadline) } catch { return }
            self?.stop(.timedOut(after: limit))
        }
        let isOver = state.withLock { state in
            if state.final == nil { state.timers.append(timer) }
            return state.final != nil
        }
        if isOver { timer.cancel() }
    }

    /// The current prompt; its `expiresIn` is not the remaining time.
    var prompt: LoginPrompt? { state.withLock { $0.prompt?.prompt } }

    var stopReason: StopReason? { state.withLock { $0.stopReason } }

    /// Whether a person has cancelled the login.
    var isCancelled: Bool {
        if case .cancelled? = stopReason { true } else { false }
    }

    /// Waits until the final event is published.
    func wait() async { await state.withLock { $0.task }?.value }

    /// Returns the events from the current prompt on. The stream ends with the final event.
    func watch(wantsQRCode: Bool) -> AsyncStream<LoginEvent> {
        let (stream, events) = AsyncStream.makeStream(
            of: LoginEvent.self, bufferingPolicy: .bufferingNewest(Self.watcherBuffer)
        )
        state.withLock { state in
            if let prompt = promptEvent(state.prompt, wantsQRCode: wantsQRCode) { events.yield(prompt) }
            if let outage = state.outage { events.yield(.retrying(detail: outage)) }
            if let final = state.final {
                events.yield(final)
                events.finish()
                return
            }
            let id = state.nextWatcher
            state.nextWatcher += 1
            state.watchers[id] = Watcher(events: events, wantsQRCode: wantsQRCode)
            events.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
            }
        }
        return stream
    }

    var grant: GrantKind? { state.withLock { $0.grant } }

    func begin(_ grant: GrantKind) { state.withLock { $0.grant = grant } }

    /// Gives the authorization server's answer to the login. One that is not accepted leaves the login as it is.
    func answer(_ response: LoginResponse) -> LoginResponseReply {
        if let grant, grant != .code {
            return LoginResponseReply(
                account: account, accepted: false,
                detail: "this login is approved on another device and takes no response")
        }
        let reception = inbox.take(
            response.response.utf8, from: .client, allowsBareCode: response.bareCode ?? false)
        return LoginResponseReply(reception, for: account)
    }

    /// `clockLead` is how far this machine's clock is ahead of the provider's, in seconds; `nil` if unknown.
    func report(_ progress: LoginProgress, clientID: String, clockLead: Int?) {
        switch progress {
        case .prompt(let shown, let deadline):
            var prompt = shown
            (prompt.issuer, prompt.clientID) = (settings.providerName, clientID)
            prompt.scope = prompt.scope ?? settings.scopes.joined(separator: " ")
            let notes = [prompt.note, clockLead.flatMap { ClockDifference($0)?.text }].compactMap(\.self)
            prompt.note = notes.isEmpty ? nil : notes.joined(separator: "; ")
            let isFirst = state.withLock { [prompt] state in
                defer { state.prompt = (prompt, deadline) }
                for watcher in state.watchers.values {
                    guard let event = promptEvent((prompt, deadline), wantsQRCode: watcher.wantsQRCode) else {
                        continue
                    }
                    watcher.events.yield(event)
                }
                return state.prompt == nil
            }
            // A later prompt has a new address of the same login, which would be a mail a minute.
            guard isFirst, case .prompt(let prompt)? = promptEvent((prompt, deadline), wantsQRCode: false) else {
                return
            }
            prompted(prompt)
        case .slowed(let interval):
            state.withLock { state in
                state.prompt?.prompt.interval = interval
                state.endOutage()
                state.tell(.slowed(interval: interval))
            }
        case .retrying(let detail):
            state.withLock { state in
                guard state.outage == nil else { return }
                state.outage = detail
                state.tell(.retrying(detail: detail))
            }
        case .answered: state.withLock { $0.endOutage() }
        }
    }

    private func finish(_ event: LoginEvent) {
        inbox.end()
        let (watchers, timers) = state.withLock { state in
            state.final = event
            defer { (state.watchers, state.timers) = ([:], []) }
            return (state.watchers.values.map(\.events), state.timers)
        }
        for timer in timers { timer.cancel() }
        for events in watchers {
            events.yield(event)
            events.finish()
        }
    }

    /// Returns the prompt with the remaining time, for a client that joins late.
    private func promptEvent(
        _ known: (prompt: LoginPrompt, deadline: ContinuousClock.Instant)?, wantsQRCode: Bool
    ) -> LoginEvent? {
        guard var prompt = known?.prompt, let deadline = known?.deadline else { return nil }
        prompt.expiresIn = max(0, Int((deadline - time.now).components.seconds))
        if wantsQRCode { prompt.qrCode = prompt.address.flatMap(drawQRCode) }
        return .prompt(prompt)
    }
}
