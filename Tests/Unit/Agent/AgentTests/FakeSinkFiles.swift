import Agent
import Configuration
import Dispatch
import Synchronization
import System

/// Files of sinks in memory, which a test makes fail or hang.
final class FakeSinkFiles: SinkFiles {
    private struct State {
        var files: [String: [UInt8]] = [:]
        var writes: [String: Int] = [:]
        var recorded: [String: RecordedSink] = [:]
        var fault: Fault?
        var hanging: Set<String> = []
        var hung = 0
        var removals = 0
    }

    private let state = Mutex(State())
    private let gate = DispatchSemaphore(value: 0)

    /// The files of an earlier agent.
    init(recorded: [String: RecordedSink] = [:]) {
        state.withLock { state in
            state.recorded = recorded
            state.files = recorded.mapValues { _ in [1] }
        }
    }

    var fault: Fault? {
        get { state.withLock { $0.fault } }
        set { state.withLock { $0.fault = newValue } }
    }

    /// Makes every call for the path block until `release`.
    func hang(_ path: String) { state.withLock { _ = $0.hanging.insert(path) } }

    func release() {
        state.withLock { $0.hanging = [] }
        for _ in 0..<10 { gate.signal() }
    }

    func text(_ path: String) -> String? {
        state.withLock { $0.files[path] }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// How often the content of the file has changed.
    func changes(_ path: String) -> Int { state.withLock { $0.writes[path] ?? 0 } }

    func check(_ sink: SinkSettings) throws(Fault) { if let fault { throw fault } }

    func obstacle(_ sink: SinkSettings) -> Fault? { nil }

    func hasForeignFile(at path: String) -> Bool {
        state.withLock { $0.files[path] != nil && $0.recorded[path] == nil }
    }

    func write(
        _ content: SinkContent, to sink: SinkSettings, expiresAt: Int?, unless isObsolete: () -> Bool
    ) throws(Fault) -> Bool {
        pass(sink.path)
        if let fault { throw fault }
        if isObsolete() { return false }
        return state.withLock { state in
            state.recorded[sink.path] = RecordedSink(identity: sink.identity, expiresAt: expiresAt)
            if let meta = content.meta { state.files[sink.metaPath] = meta }
            guard state.files[sink.path] != content.bytes else { return false }
            state.files[sink.path] = content.bytes
            state.writes[sink.path, default: 0] += 1
            return true
        }
    }

    func remove(_ path: String) throws(Fault) {
        pass(path)
        if let fault { throw fault }
        state.withLock { state in
            (state.files[path], state.files[path + SinkSettings.metaSuffix]) = (nil, nil)
            state.recorded[path] = nil
            state.removals += 1
        }
    }

    func recorded() -> [String: RecordedSink] { state.withLock { $0.recorded } }

    /// How often a file was removed.
    var removals: Int { state.withLock { $0.removals } }

    /// How many calls hang.
    var hung: Int { state.withLock { $0.hung } }

    private func pass(_ path: String) {
        let isHanging = state.withLock { state in
            guard state.hanging.contains(path) else { return false }
            state.hung += 1
            return true
        }
        if isHanging {
            gate.wait()
            state.withLock { $0.hung -= 1 }
        }
    }
}

/// A runner that only counts, and whose programs do what the test says.
final class CountingRunner: ProgramRunner {
    enum Behaviour: Sendable {
        case succeeds
        case fails(output: String)
        /// Runs until it is cancelled.
        case hangs
    }

    private let runs = Mutex<[ConfiguredProgram]>([])
    private let ends = Mutex(0)
    let behaviour = Mutex(Behaviour.succeeds)

    var count: Int { runs.withLock { $0.count } }
    /// The number of runs that have ended because they were cancelled.
    var cancelled: Int { ends.withLock { $0 } }

    func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult {
        runs.withLock { $0.append(program) }
        switch behaviour.withLock({ $0 }) {
        case .succeeds: break
        case .fails(let output): return ProgramResult(.exited(1), output: [output])
        case .hangs:
            let (never, end) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            end.finish()
            ends.withLock { $0 += 1 }
            return ProgramResult(.cancelled)
        }
        return ProgramResult(.exited(input.isEmpty && limit == .seconds(30) ? 0 : 99))
    }
}
