public import Agent
public import Configuration
internal import System

/// Runs the programs of `authagent.toml`, one at a time, on a thread of their own.
public struct HookRunner: ProgramRunner {
    private let queue: BlockingQueue
    private let environment: [String: String]

    /// The same for each agent, whichever command started it: a hook must not depend on that.
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// What a program needs to find its user's files, bus and agent. The rest of the environment may hold secrets.
    private static let passedOn = [
        "AUTHAGENT_SOCK", "DBUS_SESSION_BUS_ADDRESS", "HOME", "LANG", "LC_ALL", "LOGNAME", "TZ", "USER",
        "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
    ]

    /// `environment`: the agent's own, of which a few variables are passed on.
    public init(environment: [String: String]) {
        queue = BlockingQueue("authagent.hooks")
        self.environment = environment.filter { Self.passedOn.contains($0.key) }
            .merging(["PATH": Self.searchPath]) { $1 }
    }

    public func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult {
        let run = ProgramRun(
            ProgramStart(program.path, program.arguments, environment: environment), input: input)
        return await withTaskCancellationHandler {
            await queue.run { () throws(Never) in run.perform(within: limit) }
        } onCancel: {
            run.cancel()
        }
    }
}
