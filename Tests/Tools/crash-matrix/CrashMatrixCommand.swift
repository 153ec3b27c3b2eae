import ArgumentParser
import Dispatch
import Foundation

/// Kills the agent at every system call of a refresh, and reports the outcome of each kill.
@main
struct CrashMatrixCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crash-matrix",
        abstract: "Kills the agent at every system call of a refresh, and shows what becomes of the login.",
        discussion: """
            For each point: the agent, with a login of a real device grant in a real keyring or in the sealed store, is \
            asked for a token and killed at that call; started again and asked; killed and asked once more. Status 1 when a cell is not what \
            it must be. Without --sample every call is a point.
            """
    )

    @Option(help: "Only so many points of each policy.")
    var sample: Int?

    @Option(help: "Where the choice of the sample starts.")
    var seed: UInt64 = 6749

    @Option(help: ArgumentHelp("Only this policy; may be repeated.", valueName: "policy"))
    var policy: [Policy] = []

    @Flag(help: "With a real Glewlwyd as well.")
    var glewlwyd = false

    @Option(help: "Only this point of each policy, such as 17 or fsync:2, with its calls: to look at one cell.")
    var point: KillPoint?

    @Option(help: "How many points at the same time.")
    var jobs = 2

    @Option(help: "The store of the login.")
    var store = Store.keyring

    @Flag(help: "The phases only, without their calls.")
    var brief = false

    func validate() throws {
        guard jobs > 0 else { throw ValidationError("--jobs is at least 1") }
        guard sample.map({ $0 > 0 }) ?? true else { throw ValidationError("--sample is at least 1") }
    }

    private func points(of reference: SystemCalls) -> KillPoints {
        if let point { return KillPoints(only: point) }
        return sample.map { KillPoints(sample: $0, of: reference, seed: seed) } ?? KillPoints(of: reference)
    }

    func run() async throws {
        let work = Task { try await runTrials() }
        // The signal's default would leave buses, keyrings and agents behind, which end with their trials.
        let signals = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { work.cancel() }
            source.resume()
            return source
        }
        defer { for source in signals { source.cancel() } }
        do { try await work.value } catch is CancellationError { throw ExitCode.failure }
    }

    private func runTrials() async throws {
        let chosen = policy.isEmpty ? Policy.allCases.filter { $0 != .glewlwyd || glewlwyd } : policy
        var matrix = Matrix(policies: chosen)
        say("store \(store.rawValue)")
        if sample != nil { say("seed \(seed)") }
        let start = ContinuousClock.now
        for policy in chosen {
            let trials = try await Trials.start(of: policy, store: store, count: jobs)
            say("\(policy.rawValue): a refresh has some \(trials.reference.calls.count) system calls")
            for cell in try await trials.run(points(of: trials.reference)) {
                matrix.add(cell, policy)
                for violation in cell.violations { say("UNEXPECTED \(policy.rawValue), \(cell): \(violation)") }
                if point != nil { say(cell.calls.text) }
            }
        }
        say(matrix.text(withCalls: !brief))
        say(
            "\(matrix.count) cells in \((ContinuousClock.now - start).components.seconds) s, "
                + "\(matrix.unexpected) unexpected")
        if matrix.unexpected > 0 || matrix.count == 0 { throw ExitCode.failure }
    }
}

/// The reason why a cell is undecided, and not counted.
struct TrialFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Not print, which buffers lines in a file, and a whole matrix takes long.
private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
