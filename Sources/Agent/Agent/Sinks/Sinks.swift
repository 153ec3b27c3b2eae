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
    }

    private let state = Mutex(State())
    /// Changes of the declarations by `authagent sink`, one after the other.
    private let turn = TurnQueue()
    private let starting: AsyncStream<SinkRun>
    private let start: AsyncStream<SinkRun>.Continuation

    /// How long `sink add` waits for the first token: one request to a provider.
    private static let firstAttempt: Duration = .seconds(35)

    init(shared: SharedParts, tokens: Tokens, parts: SinkParts?) {
        (self.shared, self.tokens, self.parts) = (shared, tokens, parts)
        (starting, start) = AsyncStream.makeStream(of: SinkRun.self)
    }

    /// Keeps the files up to date until the agent stops. They stay then, for programs that go on with them until their
    /// tokens expire; the next agent takes them over.
    func run() async {
        guard let parts else { return }
        let recorded = await recordedFiles(parts)
        shared.feed.observe { [weak self] in self?.heard($0) }
        parts.current.whenChanged { [weak self] in self?.follow(parts.current.current, [:]) }
        follow(parts.current.current, recorded)
        await withDiscardingTaskGroup { group in
            let declared = Set(parts.current.current.inForce.map(\.path))
            for path in recorded.keys where !declared.contains(path) {
                group.addTask { await self.removeLeftover(path, parts) }
            }
            for await sink in starting { group.addTask { await sink.run() } }
            group.cancelAll()
        }
    }

    private func recordedFiles(_ parts: SinkParts) async -> [String: SinkState.Held] {
        let recorded = await SinkJobs(time: shared.time).run { parts.files.recorded() } ?? [:]
        let (now, wall) = (shared.time.now, shared.time.wall)
        return recorded.mapValues { expiresAt in
            SinkState.Held(expiresAt: expiresAt.map { now + .seconds($0 - wall) })
        }
    }

    /// Removes the file of a sink that was taken out of the configuration while no agent ran.
    private func removeLeftover(_ path: String, _ parts: SinkParts) async {
        let fault = await SinkJobs(time: shared.time).run { () -> Fault? in
            do throws(Fault) { try parts.files.remove(path) } catch { return error }
            return nil
        }
        if let fault = fault ?? nil {
            shared.logger.warning("cannot remove a sink's file", metadata: ["problem": "\(fault.problem)"])
        }
    }

    /// Starts and ends runs, so that they are those of the declarations.
    private func follow(_ declarations: SinkDeclarations, _ recorded: [String: SinkState.Held]) {
        guard let parts else { return }
        let (begun, gone) = state.withLock { state -> ([SinkRun], [SinkRun]) in
            var begun: [SinkRun] = []
            for sink in declarations.inForce where state.runs[sink.path]?.settings != sink {
                state.runs[sink.path]?.end()
                let run = SinkRun(
                    sink, insteadOf: state.runs[sink.path] ?? state.leaving[sink.path], held: recorded[sink.path],
                    tokens: tokens, parts: parts, shared: shared)
                state.runs[sink.path] = run
                begun.append(run)
            }
            let declared = Set(declarations.inForce.map(\.path))
            let gone = state.runs.filter { !declared.contains($0.key) }
            for (path, run) in gone { (state.runs[path], state.leaving[path]) = (nil, run) }
            return (begun, Array(gone.values))
        }
        for run in gone {
            let discard = run.discard()
            Task {
                _ = await discard.value
                state.withLock { state in
                    if state.leaving[run.settings.path] === run { state.leaving[run.settings.path] = nil }
                }
            }
        }
        for run in begun { start.yield(run) }
    }

    private var runs: [SinkRun] { state.withLock { Array($0.runs.values) } }

    /// Has those sinks look again that an event may concern.
    private func heard(_ news: AgentNews) {
        switch news.kind {
        case .refreshed, .loggedIn, .loggedOut, .loginRequired, .locked, .unlocked, .reloaded, .storeState: break
        default: return
        }
        for run in runs where news.account.map({ $0 == run.settings.account }) ?? true {
            run.signal()
        }
    }

    /// Removes the files of an account, or all; returns when they are gone, or their file systems do not answer.
    func withdraw(of account: AccountName? = nil) async {
        await withDiscardingTaskGroup { group in
            for run in runs where account.map({ $0 == run.settings.account }) ?? true {
                group.addTask { _ = await run.withdraw() }
            }
        }
    }

    func list() -> SinkList {
        let shadowed = parts?.current.current.shadowed ?? []
        let rows =
            runs.map(\.status)
            + shadowed.map { sink in
                SinkStatus(
                    path: sink.path, account: sink.account, what: sink.what, state: .shadowed, source: sink.source,
                    detail: "an earlier declaration has this path",
                    hint: "give this sink another path, or remove it from \(sink.source)")
            }
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
        await run.waitForFirstAttempt(until: shared.time.now + Self.firstAttempt)
        return run.status
    }

    private func declare(_ request: SinkRequest, _ parts: SinkParts) async throws(Problem) -> SinkSettings {
        do throws(ConfigurationError) {
            let sink = try parts.added.settings(of: request)
            let declarations = parts.current.current
            if let other = (declarations.inForce + declarations.shadowed).first(where: { other in
                other.paths.contains(where: sink.paths.contains)
            }) {
                throw ConfigurationError(
                    file: "", problem: "\(other.path) is a sink already, declared in \(other.source)",
                    hint: other.isDeclared(in: parts.added.file)
                        ? "run 'authagent sink remove \(other.path)' first, or give another path"
                        : "give another path, or change it in that file")
            }
            try await examine(sink, parts)
            try parts.added.add(request)
            parts.current.replace(declarations.replacing(parts.added.file, with: try parts.added.load()))
            shared.logger.info("sink added", metadata: ["path": "\(sink.path)", "account": "\(sink.account)"])
            return sink
        } catch { throw Problem(.badRequest, error.problem, hint: error.hint) }
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
            do throws(Problem) { return .success(try self.revoke(path, parts)) } catch { return .failure(error) }
        }
        try result.get()
        return SinkRemoval(path: path, removed: await run?.discard().value ?? true)
    }

    private func revoke(_ path: String, _ parts: SinkParts) throws(Problem) {
        let declarations = parts.current.current
        var isRemoved = false
        do throws(ConfigurationError) {
            isRemoved = try parts.added.remove(path)
            if isRemoved {
                parts.current.replace(declarations.replacing(parts.added.file, with: try parts.added.load()))
            }
        } catch { throw .configuration(error) }
        guard isRemoved else {
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
