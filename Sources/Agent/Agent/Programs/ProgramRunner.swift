public import Configuration
public import System

/// Runs programs that the configuration names, such as hooks: one at a time, each with a deadline, without a shell.
public protocol ProgramRunner: Sendable {
    /// Runs the program with `input` as its standard input, and waits for its end. It is killed at the deadline, and
    /// when the caller is cancelled; after its end, so is what it leaves running in its process group.
    ///
    /// Calls wait for each other: the time spent waiting does not count.
    func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult
}

/// The end of a program, and what it has printed.
public struct ProgramResult: Equatable, Sendable {
    public enum End: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
        /// Killed at its deadline.
        case timedOut
        /// Killed, or not started, because its caller was cancelled.
        case cancelled
        case notStarted(Fault)
    }

    public var end: End
    /// The first lines of output and errors, harmless for a terminal.
    public var output: [String]

    public init(_ end: End, output: [String] = []) {
        self.end = end
        self.output = output
    }

    public var isSuccess: Bool { end == .exited(0) }

    /// Why it has failed, in words; `nil` on success.
    public var problem: String? {
        switch end {
        case .exited(0): nil
        case .exited(let code): "it ended with exit code \(code)"
        case .signalled(let signal): "signal \(signal) ended it"
        case .timedOut: "it did not end in time, and was killed"
        case .cancelled: "it was ended with its request"
        case .notStarted(let fault): fault.problem
        }
    }
}
