internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import Synchronization
internal import System
internal import Vault

/// The sinks: files that always hold a valid token. Each has a run of its own, so that none waits for another.
final class Sinks: Sendable {
    private let shared: SharedParts
    private let tokens: Tokens
    private let parts: SinkParts?
    private struct State {
        var runs: [String: SinkRun] = [:]
        /// Those whose files are being removed.
        var leaving: [String: SinkRun] = [:]
        /// Those that the log has named.
        var broken: [BrokenSink] = []
    }

    private let state = Mutex(State())
    /// Changes of the declarations by `authagent sink`, one after the other.
    private let turn = TurnQueue()
    private enum Work: Sendable {
        case keep(SinkRun)
        case remove(SinkRun)
    }

    private let starting: AsyncStream<Work>
    private let start: AsyncStream<Work>.Continuation

    /// How long `sink add` waits for the first token: one request to a provider.
    private static let firstAttempt: Duration = .seconds(35)

    init(shared: SharedParts, tokens: Tokens, parts: SinkParts?) {
        (self.shared, self.tokens, self.parts) = (shared, tokens, parts)
        (starting, start) = AsyncStream.makeStream(of: Work.self)
    }

    /// Keeps the files up to date until the agent stops. They stay then, for programs that go on with them until their
    /// tokens expire; the next agent takes them over.
    func run() async {
        guard let parts else { return }
        let recorded = await recordedFiles(parts)
        shared.feed.observe { [weak self] in self?.heard($0) }
        parts.current.whenChanged { [weak self] in self?.follow([:]) }
        follow(recorded)
        await withDiscardingTaskGroup { group in
            for await work in starting {
                switch work {
                case .keep(let sink): group.addTask { await sink.run() }
                case .remove(let sink): group.addTask { await self.remove(sink) }
                }
            }
            group.cancelAll()
        }
    }

    private func recordedFiles(_ parts: SinkParts) async -> [String: RecordedSink] {
        await SinkJobs(time: shared.time).run { parts.files.recorded() } ?? [:]
    }

    /// Removes the file of a run that has ended, also if that takes several attempts.
    private func remove(_ run: SinkRun) async {
        await run.leave()
        state.withLock { state in
            if state.leaving[run.settings.path] === run { state.leaving[run.settings.path] = nil }
        }
    }

    /// Starts and ends runs, so that they are those of the declarations. `recorded`: what an earlier agent has left.
    private func follow(_ recorded: [String: RecordedSink]) {
        guard let parts else { return }
        let (begun, gone, broken) = state.withLock { state -> ([SinkRun], [SinkRun], [BrokenSink]) in
            // Read under the lock: of two changes, the later one must not be overtaken.
            let declarations = parts.current.current
            var begun: [SinkRun] = []
            for sink in declarations.inForce where state.runs[sink.path]?.settings != sink {
                let earlier = state.runs[sink.path] ?? state.leaving[sink.path]
                let run = SinkRun(
                    sink, insteadOf: earlier, left: recorded[sink.path], tokens: tokens, parts: parts, shared: shared)
                earlier?.supersede()
                (state.runs[sink.path], state.leaving[sink.path]) = (run, nil)
                begun.append(run)
            }
            let declared = Set(declarations.inForce.map(\.path))
            var gone = state.runs.filter { !declared.contains($0.key) }
            // Taken out of the configuration while no agent ran.
            for (path, left) in recorded where !declared.contains(path) {
                let sink = SinkSettings(leftAt: path, left.identity)
                gone[path] = SinkRun(
                    sink, insteadOf: nil, left: left, tokens: tokens, parts: parts, shared: shared)
            }
            for (path, run) in gone { (state.runs[path], state.leaving[path]) = (nil, run) }
            let broken = declarations.broken.filter { !state.broken.contains($0) }
            state.broken = declarations.broken
            return (begun, Array(gone.values), broken)
        }
        for sink in broken {
            shared.logger.warning(
                "sink not kept", metadata: ["path": "\(sink.path)", "problem": "\(sink.error.description)"])
        }
        for run in gone {
            // At once: a later declaration of the path waits for it.
            _ = run.discard()
            start.yield(.remove(run))
        }
        for run in begun { start.yield(.keep(run)) }
    }

    private var runs: [SinkRun] { state.withLock { Array($0.runs.values) } }

    private var leaving: [SinkRun] { state.withLock { Array($0.leaving.values) } }

    /// Has those sinks look again that an event may concern.
    private func heard(_ news: AgentNews) {
        switch news.kind {
        case .refreshed, .loggedIn, .loggedOut, .loginRequired, .locked, .unlocked, .reloaded, .storeState: break
        default: return
        }
        guard let account = news.account else { return runs.forEach { $0.signal() } }
        // Their tokens are made from this account's.
        let concerned = shared.derivations.dependents(of: account).union([account])
        for run in runs where concerned.contains(run.settings.account) { run.signal() }
    }

    /// Removes the files of an account, or all. Returns the paths of those that are still there, because they could not
    /// be removed or their file systems do not answer.
    func withdraw(of account: AccountName? = nil) async -> [String] {
        await withTaskGroup(of: String?.self) { group in
            for run in runs + leaving where account.map(run.concerns) ?? true {
                group.addTask { await run.withdraw() ? nil : run.settings.path }
            }
            return await group.reduce(into: [String]()) { kept, path in
                if let path { kept.append(path) }
            }.sorted()
        }
    }

    func list() -> SinkList {
        let declarations = parts?.current.current ?? SinkDeclarations()
        let rows =
            runs.map(\.status)
            // Their removal has failed, and is tried again.
            + leaving.map(\.status).filter { $0.state == .failed }
            + declarations.broken.map { SinkStatus(broken: $0) }
            + declarations.shadowed.map { SinkStatus(shadowed: $0) }
        return SinkList(sinks: rows.sorted { ($0.path, $0.source) < ($1.path, $1.source) })
    }

    func add(_ request: SinkRequest) async throws(Problem) -> SinkStatus {
        guard let parts else { throw .noSinks }
        let result = await turn.run { () -> Result<SinkSettings, Problem> in
            do throws(Problem) { return .success(try await self.declare(request, parts)) } catch {
                return .failure(error)
            }
        }
        let sink = try result.get()
        guard let run = state.withLock({ $0.runs[sink.path] }) else { throw .noSinks }
        await run.firstAttempt.wait(until: shared.time.now + Self.firstAttempt, shared.time)
        var status = run.status
        if status.detail == nil, sink.group != nil {
            let obstacle = await SinkJobs(time: shared.time).run { parts.files.obstacle(sink) }
            if let obstacle = obstacle ?? nil { (status.detail, status.hint) = (obstacle.problem, obstacle.hint) }
        }
        return status
    }

    private func declare(_ request: SinkRequest, _ parts: SinkParts) async throws(Problem) -> SinkSettings {
        do throws(ConfigurationError) {
            let sink = try parts.added.settings(of: request)
            try requireFree(sink, parts.current.current)
            try await examine(sink, parts)
            try parts.added.add(request)
            let added = try parts.added.load()
            await parts.readPrograms(added)
            parts.current.replace(added: added)
            shared.logger.info("sink added", metadata: ["path": "\(sink.path)", "account": "\(sink.account)"])
            return sink
        } catch { throw Problem(.badRequest, error.problem, hint: error.hint) }
    }

    /// Refuses a path that another sink has.
    private func requireFree(_ sink: SinkSettings, _ declarations: SinkDeclarations) throws(ConfigurationError) {
        let added = Set(declarations.added.map(\.path))
        let others =
            (declarations.inForce + declarations.shadowed).map { ($0.paths, $0.source) }
            + declarations.broken.map { ([$0.path], $0.source) }
        guard let (paths, source) = others.first(where: { $0.0.contains(where: sink.paths.contains) }),
            let path = paths.first
        else { return }
        throw ConfigurationError(
            file: "", problem: "\(path) is a sink already, declared in \(source)",
            hint: added.contains(path)
                ? "run 'authagent sink remove \(path)' first, or give another path"
                : "give another path, or change it in that file")
    }

    /// Refuses a place where the file could not be, before anything is written.
    private func examine(_ sink: SinkSettings, _ parts: SinkParts) async throws(ConfigurationError) {
        let fault = await SinkJobs(time: shared.time).run { () -> Fault? in
            do throws(Fault) { try parts.files.check(sink) } catch { return error }
            guard parts.files.hasForeignFile(at: sink.path) else { return nil }
            return Fault(
                "there is a file at \(sink.path) that the agent has not written",
                hint: "move it away first, or give another path")
        }
        guard let fault else {
            throw ConfigurationError(
                file: "", problem: "the file system of \(sink.path) does not answer", hint: "give another path")
        }
        if let fault { throw ConfigurationError(file: "", problem: fault.problem, hint: fault.hint) }
    }

    func remove(_ path: String) async throws(Problem) -> SinkRemoval {
        guard let parts else { throw .noSinks }
        let run = state.withLock { $0.runs[path] }
        let result = await turn.run { () -> Result<Void, Problem> in
            do throws(Problem) { return .success(try await self.revoke(path, parts)) } catch { return .failure(error) }
        }
        try result.get()
        return SinkRemoval(path: path, removed: await run?.discard().value ?? true)
    }

    private func revoke(_ path: String, _ parts: SinkParts) async throws(Problem) {
        var isRemoved = false
        do throws(ConfigurationError) {
            isRemoved = try parts.added.remove(path)
            if isRemoved {
                let added = try parts.added.load()
                parts.current.replace(added: added)
                await parts.readPrograms(added)
            }
        } catch { throw .configuration(error) }
        guard isRemoved else {
            let declarations = parts.current.current
            guard let other = (declarations.inForce + declarations.shadowed).first(where: { $0.path == path }) else {
                throw Problem(.notFound, "no sink has this path", hint: "run 'authagent sink list'")
            }
            throw Problem(
                .badRequest, "the sink is declared in \(other.source)",
                hint: "remove it from that file, and run 'authagent reload'")
        }
        shared.logger.info("sink removed", metadata: ["path": "\(path)"])
    }
}

extension Problem {
    fileprivate static let noSinks = Problem(
        .internalError, "this agent writes no files of tokens", hint: "run 'authagent reload', and try again")
}
