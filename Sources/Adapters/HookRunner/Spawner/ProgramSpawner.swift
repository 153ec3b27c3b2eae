internal import Agent
public import Configuration
internal import Glibc
internal import Synchronization
public import System

/// The agent's end of the connection to the process that runs programs. It sends numbers, and waits for results; it
/// never waits longer than the program may take and a little.
public final class ProgramSpawner: Sendable {
    private typealias Answer = CheckedContinuation<SpawnerReport?, Never>

    private struct State {
        var lists = KnownLists()
        var nextID: UInt64 = 0
        var waiting: [UInt64: (answer: Answer, alarm: Task<Void, Never>)] = [:]
        var isListening = false
        var fault: Fault?
        var ended: (@Sendable (Fault) -> Void)?
    }

    private let channel: MessageChannel?
    /// How long the spawner may take beyond a program's own time: it has 5 s to end a killed one.
    private let patience: Duration
    private let reading = Turns()
    private let state = Mutex(State())

    /// Shorter than a client's patience with an agent that starts.
    private static let readingTime: Duration = .seconds(5)

    /// `channel`: `nil` if the process could not be forked.
    package init(_ channel: MessageChannel?, patience: Duration = .seconds(10)) {
        (self.channel, self.patience) = (channel, patience)
        if channel == nil { state.withLock { $0.fault = Self.ended } }
    }

    /// A spawner that runs nothing.
    public static var absent: ProgramSpawner { ProgramSpawner(nil) }

    /// Why programs cannot be run any more; `nil` if they can.
    public var fault: Fault? {
        if channel?.hasEnded == true { fail() }
        return state.withLock { $0.fault }
    }

    /// Calls `body` once the spawner has ended. Before its first order that is noticed only when the fault is read.
    public func whenEnded(_ body: @escaping @Sendable (Fault) -> Void) {
        guard fault == nil else { return body(Self.ended) }
        state.withLock { $0.ended = body }
    }

    /// Has the spawner read the files of a source, which have to name these programs. Throws if they name others, because
    /// they were changed.
    ///
    /// Returns why it has not read them; `nil` if it has. The rest of the configuration does not depend on that.
    public func read(_ source: ProgramSource, expecting programs: [ConfiguredProgram]) async throws(Fault) -> Fault? {
        let list = ProgramList(source, programs)
        // An empty list has no numbers. Without a former one, the usual agent has no spawner to wait for.
        guard !programs.isEmpty || state.withLock({ $0.lists.all.contains { $0.source == source } }) else { return nil }
        let report = await reading.run { [self] in
            await ask(.read(source, list.digest), within: Self.readingTime)
        }
        switch report {
        case .read(nil)?:
            add(list)
            return nil
        case .read(let fault?)?: throw fault
        case .ended?, nil: return fault ?? Self.silent
        }
    }

    private func add(_ list: ProgramList) { state.withLock { $0.lists.add(list) } }

    /// Forgets the programs of earlier lists of the source; called when no part of the agent has them any more.
    public func retire(_ source: ProgramSource, before programs: [ConfiguredProgram]) {
        let digest = ProgramList(source, programs).digest
        state.withLock { $0.lists.retire(before: digest) }
        _ = channel?.send(SpawnerOrder.retire(before: digest).bytes(0), waits: false)
    }

    func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult {
        guard !Task.isCancelled else { return ProgramResult(.cancelled) }
        guard let place = state.withLock({ $0.lists.place(of: program) }) else {
            return ProgramResult(.notStarted(fault ?? Spawner.unknown))
        }
        guard let file = MemoryFile.holding(input) else {
            let fault = Fault("no descriptor is free for \(program.path)", hint: "run 'authagent doctor'")
            return ProgramResult(.notStarted(fault))
        }
        let milliseconds = UInt32(clamping: Int64((limit / .milliseconds(1)).rounded(.up)))
        let report = await ask(.run(place, within: milliseconds), file: file.raw, within: limit + patience)
        if case .ended(let result)? = report { return result }
        return ProgramResult(.notStarted(fault ?? Self.silent))
    }

    /// Sends an order and waits for its report; `nil` if none comes in time.
    private func ask(_ order: SpawnerOrder, file: Int32 = -1, within limit: Duration) async -> SpawnerReport? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { answer in send(order, id, file, within: limit, answer) }
        } onCancel: {
            cancel(id)
        }
    }

    private func send(_ order: SpawnerOrder, _ id: UInt64, _ file: Int32, within limit: Duration, _ answer: Answer) {
        guard let channel, listen(to: channel) else { return answer.resume(returning: nil) }
        // Unstructured task: the alarm of this order, cancelled by its answer.
        let alarm = Task { [self] in
            do { try await Task.sleep(for: limit) } catch { return }
            cancel(id)
            finish(id, nil)
        }
        // Before the order is sent: its report may be there at once.
        state.withLock { $0.waiting[id] = (answer, alarm) }
        if let code = channel.send(order.bytes(id), file: file, waits: false) {
            if code != EAGAIN { fail() }
            return finish(id, nil)
        }
        // Otherwise `onCancel` may have found nothing to cancel.
        if Task.isCancelled { cancel(id) }
    }

    private func cancel(_ id: UInt64) {
        guard state.withLock({ $0.waiting[id] != nil }) else { return }
        _ = channel?.send(SpawnerOrder.cancel.bytes(id), waits: false)
    }

    private func finish(_ id: UInt64, _ report: SpawnerReport?) {
        guard let (answer, alarm) = state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return }
        alarm.cancel()
        answer.resume(returning: report)
    }

    /// Starts the thread that reads reports, at the first order: before, this process has to be without threads. Returns
    /// false if the spawner has ended.
    private func listen(to channel: MessageChannel) -> Bool {
        let needsThread = state.withLock { state in
            guard !state.isListening, state.fault == nil else { return false }
            state.isListening = true
            return true
        }
        if needsThread {
            let isStarted = WorkerThread.start(named: "spawner") { [weak self] in
                while let message = channel.receive(limit: SpawnerReport.longest),
                    let (id, report) = SpawnerReport.parse(message.bytes)
                {
                    self?.finish(id, report)
                }
                self?.fail()
            }
            if !isStarted { fail() }
        }
        return fault == nil
    }

    /// Ends the spawner, and with it what it still runs.
    package func close() { fail() }

    /// Ends all waiting: the spawner has ended, or does not send what it should.
    private func fail() {
        let (waiting, ended) = state.withLock { state in
            state.fault = Self.ended
            defer { (state.waiting, state.ended) = ([:], nil) }
            return (state.waiting, state.ended)
        }
        ended?(Self.ended)
        for (answer, alarm) in waiting.values {
            alarm.cancel()
            answer.resume(returning: nil)
        }
        // What it still runs ends with it.
        channel?.close()
    }

    private static let remedy = "run 'authagent stop', and the next command starts a new agent"
    private static let ended = Fault("the process that runs hooks has ended", hint: remedy)
    private static let silent = Fault("the process that runs hooks does not answer", hint: remedy)
}
