internal import Configuration
internal import Synchronization
internal import System

/// The program that runs after a change of a sink's file. Changes during its run are followed by one more run.
final class SinkProgram: Sendable {
    private enum Phase {
        case idle
        case running
        case runningAgain
        /// The agent ends.
        case stopped
    }

    private struct State {
        var phase = Phase.idle
        var task: Task<Void, Never>?
    }

    private let program: ConfiguredProgram?
    private let runner: any ProgramRunner
    private let state = Mutex(State())

    private static let limit: Duration = .seconds(30)

    init(_ sink: SinkSettings, _ runner: any ProgramRunner) {
        program = sink.onChange
        self.runner = runner
    }

    /// Runs the program. `report` receives why a run failed; `nil` if it succeeded.
    func fileHasChanged(_ report: @escaping @Sendable (Fault?) -> Void) {
        guard let program else { return }
        state.withLock { state in
            switch state.phase {
            case .idle:
                state.phase = .running
                // Unstructured task: the sink's next write does not wait for the program.
                state.task = Task {
                    repeat {
                        let result = await self.runner.run(program, input: [], within: Self.limit)
                        if !Task.isCancelled { report(Self.fault(of: result, program)) }
                    } while self.isRepeated()
                }
            case .running, .runningAgain: state.phase = .runningAgain
            case .stopped: break
            }
        }
    }

    /// Ends the program, and waits for its end: it must not outlive the agent.
    func stop() async {
        let task = state.withLock { state in
            state.phase = .stopped
            return state.task
        }
        task?.cancel()
        await task?.value
    }

    private func isRepeated() -> Bool {
        state.withLock { state in
            switch state.phase {
            case .runningAgain:
                state.phase = .running
                return true
            case .running, .idle:
                state.phase = .idle
                return false
            case .stopped: return false
            }
        }
    }

    private static func fault(of result: ProgramResult, _ program: ConfiguredProgram) -> Fault? {
        guard let problem = result.problem else { return nil }
        if case .notStarted(let fault) = result.end { return fault }
        // Without its output: the program reads the token, and may have printed it.
        return Fault("on_change: \(program.path): \(problem)", hint: "run it by hand, and look at its output")
    }
}
