internal import Agent
internal import AgentAPI
package import Configuration
internal import Synchronization
package import System

/// The process that runs the programs of the configuration. The agent forks it before it restricts itself and before it
/// reads any secret; it reads the list of programs itself, and takes their numbers from the agent, and their input.
package final class Spawner: Sendable {
    private struct State {
        var lists = KnownLists()
        var running: [UInt64: ProgramRun] = [:]
        var isReading = false
    }

    private let channel: MessageChannel
    private let environment: [String: String]
    private let load: @Sendable (ProgramSource) throws(ConfigurationError) -> [ConfiguredProgram]
    private let state = Mutex(State())

    /// More than the agent's runners: hooks, sinks, and confirmations of nine users.
    private static let mostRunning = 16
    /// The facts of an event are some KiB; a login's address may have 100.
    static let longestInput = 4 << 20
    /// In milliseconds. The agent's limits are 30 and 40 s.
    private static let longestRun: UInt32 = 3_600_000

    /// `environment`: of the programs.
    package init(
        _ channel: MessageChannel, environment: [String: String],
        load: @escaping @Sendable (ProgramSource) throws(ConfigurationError) -> [ConfiguredProgram]
    ) {
        (self.channel, self.environment, self.load) = (channel, environment, load)
    }

    /// Follows the agent's orders until it ends or sends what is not an order. Then all programs are ended, too.
    package func serve() {
        while var message = channel.receive(limit: SpawnerOrder.longest),
            let (id, order) = SpawnerOrder.parse(message.bytes)
        {
            switch order {
            case .run(let place, let limit): run(id, place, message.takeFile(), within: min(limit, Self.longestRun))
            case .cancel: state.withLock { $0.running[id] }?.cancel()
            case .read(let source, let digest): read(id, source, digest)
            case .retire(let digest): state.withLock { $0.lists.retire(before: digest) }
            }
        }
        for run in state.withLock({ Array($0.running.values) }) { run.cancel() }
    }

    private func run(_ id: UInt64, _ place: ProgramPlace, _ input: consuming Descriptor?, within limit: UInt32) {
        guard let input, MemoryFile.isSealed(input, limit: Self.longestInput) else {
            return refuse(id, Fault("the input is not a sealed file in memory", hint: "run 'authagent doctor'"))
        }
        guard let program = state.withLock({ $0.lists.program(at: place) }) else { return refuse(id, Self.unknown) }
        let run = ProgramRun(
            ProgramStart(program.path, program.arguments, environment: environment), input: input)
        let isFull = state.withLock { state in
            guard state.running.count < Self.mostRunning, state.running[id] == nil else { return true }
            state.running[id] = run
            return false
        }
        guard !isFull else {
            return refuse(id, Fault("too many programs run already", hint: "run 'ps -eo pid,stat,args' to see them"))
        }
        let isStarted = WorkerThread.start(named: "program") { [self] in
            let result = run.perform(within: .milliseconds(limit))
            state.withLock { $0.running[id] = nil }
            report(.ended(result), id)
        }
        guard !isStarted else { return }
        state.withLock { $0.running[id] = nil }
        refuse(id, Fault("no thread is free for \(program.path)", hint: "run 'ulimit -u' to see the limit"))
    }

    /// On a thread of its own: a file system may hang, and the agent may cancel a program meanwhile, or end.
    private func read(_ id: UInt64, _ source: ProgramSource, _ digest: ProgramDigest) {
        let isBusy = state.withLock { state in
            defer { state.isReading = true }
            return state.isReading
        }
        guard !isBusy else { return report(.read(Self.busy), id) }
        let isStarted = WorkerThread.start(named: "configuration") { [self] in
            let fault = read(source, digest)
            state.withLock { $0.isReading = false }
            report(.read(fault), id)
        }
        guard !isStarted else { return }
        state.withLock { $0.isReading = false }
        report(.read(Fault("no thread is free", hint: "run 'ulimit -u' to see the limit")), id)
    }

    private func read(_ source: ProgramSource, _ digest: ProgramDigest) -> Fault? {
        do throws(ConfigurationError) {
            let list = ProgramList(source, try load(source))
            guard list.digest == digest else { return Self.changed }
            state.withLock { $0.lists.add(list) }
            return nil
        } catch { return error.fault }
    }

    private func refuse(_ id: UInt64, _ fault: Fault) { report(.ended(ProgramResult(.notStarted(fault))), id) }

    /// An agent that has ended does not read it.
    private func report(_ report: SpawnerReport, _ id: UInt64) { _ = channel.send(report.bytes(id), waits: true) }

    static let unknown = Fault(
        "the process that runs hooks does not have it in its list",
        hint: "run 'authagent reload' to read the configuration again")
    private static let changed = Fault(
        "the configuration was changed while it was read", hint: "run 'authagent reload' again")
    private static let busy = Fault(
        "a file system does not answer", hint: "check for a hung disk or directory service with 'dmesg' and 'df'")
}
