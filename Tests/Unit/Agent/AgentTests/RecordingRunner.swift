import Agent
import Configuration
import Foundation
import Synchronization
import TestSupport
import Testing

/// A runner that runs nothing, and keeps what programs would have got. With a closed gate it hangs, as a hook can.
final class RecordingRunner: ProgramRunner {
    struct Run: Sendable {
        var program: ConfiguredProgram
        var input: String
        var limit: Duration

        /// The JSON object on standard input.
        var facts: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(input.utf8)) as? [String: Any]) ?? [:]
        }

        var event: String { facts["event"] as? String ?? "" }
    }

    private let started = Mutex<[Run]>([])
    private let end = Mutex(ProgramResult.End.exited(0))
    let gate = Gate()

    /// With `isHanging`, programs end once the test opens the gate.
    init(isHanging: Bool = false) { if !isHanging { gate.open() } }

    var runs: [Run] { started.withLock { $0 } }

    /// How programs end.
    var ending: ProgramResult.End {
        get { end.withLock { $0 } }
        set { end.withLock { $0 = newValue } }
    }

    func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult {
        let run = Run(program: program, input: String(decoding: input, as: UTF8.self), limit: limit)
        started.withLock { $0.append(run) }
        await gate.pass()
        return ProgramResult(ending, output: ["printed"])
    }

    /// Waits until so many programs were started.
    func waited(for count: Int) async -> [Run] {
        await eventually("\(runs)") { self.runs.count >= count }
        return runs
    }

    /// The parts of an agent that has each hook.
    var hooks: HookParts {
        var settings = HookSettings()
        for occasion in HookSettings.Occasion.allCases {
            settings[occasion] = ConfiguredProgram("/hooks/\(occasion.rawValue)")
        }
        return HookParts(
            programs: HookPrograms(settings), runner: self, owner: 1000, confirmations: { self })
    }
}
