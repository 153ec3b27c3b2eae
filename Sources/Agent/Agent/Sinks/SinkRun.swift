internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import Synchronization
internal import System
internal import Vault

/// One sink at work: requests a token, writes the file, and sleeps until the token is due or something has happened.
final class SinkRun: Sendable {
    private struct Guarded {
        var state: SinkState
        var isEnded = false
        /// Whether the file may hold another account's token, or one for other readers. It is removed first.
        var isOthers: Bool
        /// Whether another run has the path, so that this one must not remove the file any more.
        var isSuperseded = false
        /// In seconds since 1970, as the file has it.
        var expiry: Int?
        /// The removal of the file, after the end of the declaration.
        var discard: Task<Bool, Never>?
    }

    let settings: SinkSettings
    private let tokens: Tokens
    private let parts: SinkParts
    let time: any Time
    private let logger: Logger
    /// Shared with the run that this one replaces, so that their writes are in order.
    private let jobs: SinkJobs
    private let program: SinkProgram
    private let earlier: SinkRun?
    let firstAttempt = FirstAttempt()
    private let signals = Schedule()
    private let guarded: Mutex<Guarded>

    /// `earlier`: the run of the same path that this one replaces, or that is being removed. `left`: what an earlier
    /// agent has left there.
    init(
        _ settings: SinkSettings, insteadOf earlier: SinkRun?, left: RecordedSink?, tokens: Tokens, parts: SinkParts,
        shared: SharedParts
    ) {
        self.settings = settings
        self.tokens = tokens
        self.parts = parts
        (time, logger) = (shared.time, shared.logger)
        jobs = earlier?.jobs ?? SinkJobs(time: shared.time)
        program = SinkProgram(settings, parts.programs)
        self.earlier = earlier
        let held = left.map { left in
            SinkState.Held(expiresAt: left.expiresAt.map { shared.time.now + .seconds($0 - shared.time.wall) })
        }
        let isOthers =
            earlier.map { $0.isOthers || $0.settings.identity != settings.identity }
            ?? left.map { $0.identity != settings.identity } ?? false
        guarded = Mutex(Guarded(state: SinkState(held: earlier?.held ?? held), isOthers: isOthers))
    }

    /// Works until the declaration ends, or the agent stops.
    func run() async {
        // Its removal must not take this run's file.
        _ = await earlier?.discarding?.value
        if let earlier, earlier.held == nil { guarded.withLock { $0.state.removed() } }
        var stream = signals.stream.makeAsyncIterator()
        while !Task.isCancelled, !guarded.withLock({ $0.isEnded }) {
            await turn()
            let wake = guarded.withLock { $0.state.wake }.map { due in
                // Unstructured task: cancelled at the end of this turn of the loop.
                Task {
                    // A cancelled timer must not signal: it would wake the loop that cancelled it, endlessly.
                    do { try await time.sleep(until: due) } catch { return }
                    signals.changed()
                }
            }
            _ = await stream.next()
            wake?.cancel()
        }
        if Task.isCancelled { await program.stop() }
    }

    /// Has the sink look at its account again.
    func signal() { signals.changed() }

    /// Removes the file at once. Returns false if its file system has not answered yet.
    func withdraw() async -> Bool {
        guarded.withLock { $0.state.withdraw() }
        defer { signals.changed() }
        return await remove()
    }

    /// Ends the run and removes its file, once for all callers. The result is false if that takes longer.
    func discard() -> Task<Bool, Never> {
        end()
        return guarded.withLock { guarded in
            if let running = guarded.discard { return running }
            // Unstructured task: a reload does not wait for a file system that hangs.
            let task = Task { await self.remove(isLeaving: true) }
            guarded.discard = task
            return task
        }
    }

    private var discarding: Task<Bool, Never>? { guarded.withLock { $0.discard } }

    /// Ends the run, and removes its file: again and again until it is gone, or another run has the path.
    func leave() async {
        var isGone = await discard().value
        while !isGone, !isSuperseded {
            let due = guarded.withLock { $0.state.wake } ?? time.now + SinkJobs.patience
            do { try await time.sleep(until: due) } catch { return }
            guarded.withLock { $0.state.began() }
            isGone = await remove(isLeaving: true)
        }
    }

    /// Leaves the path to another run.
    func supersede() {
        guarded.withLock { $0.isSuperseded = true }
        end()
    }

    private var isSuperseded: Bool { guarded.withLock { $0.isSuperseded } }

    private var isOthers: Bool { guarded.withLock { $0.isOthers } }

    /// Whether the file may hold a token of the account.
    func concerns(_ account: AccountName) -> Bool { account == settings.account || isOthers }

    /// Ends the run. Its file stays for the run that replaces it.
    func end() {
        guarded.withLock { guarded in
            guarded.isEnded = true
            guarded.state.withdraw()
        }
        signals.changed()
    }

    /// What the file holds now, and what is wrong.
    var current: SinkState { guarded.withLock { $0.state } }

    private var held: SinkState.Held? { guarded.withLock { $0.state.held } }

    private func turn() async {
        if isOthers {
            guarded.withLock { $0.state.began() }
            guard await remove() else { return firstAttempt.end() }
        }
        // A place that others can write to is reported before there is a login.
        if held == nil, await !isPlaceUsable() { return firstAttempt.end() }
        let version = guarded.withLock { $0.state.version }
        let answer = await ask()
        let now = time.now
        let action: SinkState.Action? = guarded.withLock { guarded in
            guard guarded.state.version == version, !Task.isCancelled else { return nil }
            switch answer {
            case .success(let answer):
                return guarded.state.received(
                    answer.token, minimumValidity: settings.minimumValidity, isScheduled: settings.target == nil,
                    problem: answer.problem, at: now)
            case .failure(let problem): return guarded.state.refused(problem, at: now)
            }
        }
        switch (action, answer) {
        case (.write?, .success(let answer)): await write(answer, version)
        case (.remove?, _): _ = await remove()
        // The answer is older than the withdrawal.
        case (nil, _): if !Task.isCancelled { signals.changed() }
        case (.write?, .failure), (.keep?, _): break
        }
        firstAttempt.end()
    }

    private struct Answer {
        let reply: TokenReply
        let token: SinkState.Held
        /// Why the token is not a fresher one.
        var problem: Problem?
    }

    private func ask() async -> Result<Answer, Problem> {
        let request = TokenRequest(
            minimumValidity: SinkState.needed(settings.minimumValidity), includesIDToken: settings.what == .idToken,
            target: settings.target)
        do throws(Problem) {
            let served = try await tokens.served(settings.account, request, within: CallerLimits()).token
            let expiresAt =
                settings.what == .idToken
                ? served.token.idToken?.expiresAt : served.secondsLeft == nil ? nil : served.token.expiresAt
            var answer = Answer(
                reply: tokens.reply(served, settings.account, request), token: SinkState.Held(expiresAt: expiresAt))
            if case .renewalFailed(let failure)? = served.note {
                answer.problem = Problem(failure, account: settings.account)
            }
            return .success(answer)
        } catch { return .failure(error) }
    }

    private func write(_ answer: Answer, _ version: UInt64) async {
        let isDone: Void? = await jobs.run { [self] in
            let isObsolete: () -> Bool = { [self] in guarded.withLock { $0.state.version != version } }
            if isObsolete() { return }
            let earlier = fault
            do throws(Fault) {
                let reply = steady(answer)
                let isChanged = try parts.files.write(
                    try reply.content(for: settings), to: settings, expiresAt: reply.expiresAt(for: settings.what),
                    unless: isObsolete)
                // The rename may have hung: what was withdrawn meanwhile must not stay.
                if isObsolete() {
                    // The run that has the path now removes what it must not keep.
                    if isSuperseded { return }
                    try parts.files.remove(settings.path)
                    return guarded.withLock { $0.state.removed() }
                }
                guarded.withLock { guarded in
                    guarded.state.wrote(answer.token)
                    guarded.expiry = reply.expiresAt(for: settings.what)
                }
                if earlier != nil { logger.notice("sink written again", metadata: ["path": "\(settings.path)"]) }
                if isChanged { program.fileHasChanged { [weak self] in self?.programEnded($0) } }
            } catch {
                failed(error)
                // A file that cannot be replaced must not stay with an expired token.
                if guarded.withLock({ $0.state.isExpired(at: time.now) }) { try? parts.files.remove(settings.path) }
            }
        }
        if isDone == nil, !Task.isCancelled { failed(unanswered) }
    }

    /// Returns the reply with the expiry that the file has for the same token: each request rounds it anew, and the file
    /// must not change with that.
    private func steady(_ answer: Answer) -> TokenReply {
        let (held, expiry) = guarded.withLock { ($0.state.held, $0.expiry) }
        guard held == answer.token, let expiry else { return answer.reply }
        var reply = answer.reply
        if settings.what == .idToken { reply.idTokenExpiresAt = expiry } else { reply.expiresAt = expiry }
        return reply
    }

    /// `isLeaving`: another run that has the path by now keeps the file.
    private func remove(isLeaving: Bool = false) async -> Bool {
        let isGone = await jobs.run(isRemoval: true) { [self] in
            if isLeaving, isSuperseded { return true }
            do throws(Fault) {
                try parts.files.remove(settings.path)
                guarded.withLock { guarded in
                    guarded.state.removed()
                    guarded.isOthers = false
                }
                return true
            } catch {
                failed(error)
                return false
            }
        }
        if isGone == nil, !Task.isCancelled { failed(unanswered) }
        return isGone ?? false
    }

    private var fault: Fault? { guarded.withLock { $0.state.fault } }

    private func isPlaceUsable() async -> Bool {
        guarded.withLock { $0.state.began() }
        let fault = await jobs.run { [self] () -> Fault? in
            do throws(Fault) { try parts.files.check(settings) } catch { return error }
            return nil
        }
        guard let fault else {
            if !Task.isCancelled { failed(unanswered) }
            return false
        }
        if let fault { report(fault) }
        guarded.withLock { $0.state.examined(fault, at: time.now) }
        return fault == nil
    }

    private func failed(_ fault: Fault) {
        report(fault)
        guarded.withLock { $0.state.failed(fault, at: time.now) }
    }

    /// Logs a fault that is new. Called before it is kept.
    private func report(_ fault: Fault) {
        if guarded.withLock({ $0.state.fault != fault }) {
            logger.warning(
                "sink failed",
                metadata: ["path": "\(settings.path)", "problem": "\(fault.problem)", "hint": "\(fault.hint)"])
        }
    }

    private var unanswered: Fault {
        Fault(
            "the file system of \(settings.path) does not answer",
            hint: "check it with 'df' and 'dmesg', or choose a path in memory, such as the default")
    }

    private func programEnded(_ fault: Fault?) {
        guarded.withLock { $0.state.programFault = fault }
        if let fault {
            logger.warning(
                "sink: program failed", metadata: ["path": "\(settings.path)", "problem": "\(fault.problem)"])
        }
    }
}
