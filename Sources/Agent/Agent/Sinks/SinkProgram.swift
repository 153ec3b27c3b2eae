internal import Configuration
internal import Synchronization
internal import System

/// The program that runs after a change of a sink's file. Changes during its run are followed by one more run.
final class SinkProgram: Sendable {
    private enum Phase {
        case idle
        case running
        case runningAgain
    }

    private let program: ConfiguredProgram?
    private let runner: any ProgramRunner
    private let phase = Mutex(Phase.idle)

    private static let limit: Duration = .seconds(30)

    init(_ sink: SinkSettings, _ runner: any ProgramRunner) {
        program = sink.onChange
        self.runner = runner
    }

    /// Runs the program. `report` receives why a run failed; `nil` if it succeeded.
    func fileHasChanged(_ report: @escaping @Sendable (Fault?) -> Void) {
        guard let program else { return }
        let isIdle = phase.withLock { phase in
            defer { phase = phase == .idle ? .running : .runningAgain }
            return phase == .idle
        }
        guard isIdle else { return }
        // Unstructured task: the sink's next write does not wait for the program.
        Task {
            repeat {
                let result = await runner.run(program, input: [], within: Self.limit)
                report(Self.fault(of: result, program))
            } while isRepeated()
        }
    }

    private func isRepeated() -> Bool {
        phase.withLock { phase in
            defer { phase = phase == .runningAgain ? .running : .idle }
            return phase == .runningAgain
        }
    }

    private static func fault(of result: ProgramResult, _ program: ConfiguredProgram) -> Fault? {
        guard let problem = result.problem else { return nil }
        if case .notStarted(let fault) = result.end { return fault }
        let said = result.output.last.map { ": \($0)" } ?? ""
        return Fault("on_change: \(program.path): \(problem)\(said)", hint: "run it by hand, and look at its output")
    }
}
