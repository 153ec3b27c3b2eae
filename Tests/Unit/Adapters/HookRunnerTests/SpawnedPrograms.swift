import Agent
import Configuration
import HookRunner
import Synchronization
import System

/// A spawner on a thread of the test instead of in a process of its own, with the same messages, whose configuration
/// names each program that a test runs.
final class SpawnedPrograms: Sendable {
    let spawner: ProgramSpawner
    private let runner: HookRunner
    /// What the configuration's files name.
    let configured = Mutex<[ConfiguredProgram]>([])

    init(environment: [String: String] = [:], patience: Duration = .seconds(60)) {
        guard let (own, others) = MessageChannel.pair() else { fatalError("no descriptor is free") }
        spawner = ProgramSpawner(own, patience: patience)
        runner = HookRunner(spawner)
        let child = Spawner(others, environment: ProgramSpawner.programEnvironment(environment)) {
            [weak self] source in
            source == .settings ? self?.configured.withLock { $0 } ?? [] : []
        }
        // It ends with the spawner's other end.
        guard WorkerThread.start(named: "test-spawner", { child.serve() }) else { fatalError("no thread is free") }
    }

    deinit { spawner.close() }

    /// Runs a program that the configuration has from now on.
    func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult {
        let programs = configured.withLock { configured in
            if !configured.contains(program) { configured.append(program) }
            return configured
        }
        do throws(Fault) {
            _ = try await spawner.read(.settings, expecting: programs)
        } catch { return ProgramResult(.notStarted(error)) }
        return await runner.run(program, input: input, within: limit)
    }
}
