public import Configuration
internal import Synchronization

/// The hooks in force. A reload replaces them.
public final class HookPrograms: Sendable {
    private let settings: Mutex<HookSettings>

    public init(_ settings: HookSettings = HookSettings()) { self.settings = Mutex(settings) }

    public func replace(_ settings: HookSettings) { self.settings.withLock { $0 = settings } }

    subscript(occasion: HookSettings.Occasion) -> ConfiguredProgram? { settings.withLock { $0[occasion] } }
}

/// What the agent needs to run hooks.
public struct HookParts: Sendable {
    public var programs: HookPrograms
    /// Runs those that only learn what happened.
    public var runner: any ProgramRunner
    /// Creates a runner of `on_confirm` for one user's requests, which wait for that user's only.
    public var confirmations: @Sendable () -> any ProgramRunner
    /// The user that the agent runs as.
    public var owner: UInt32

    public init(
        programs: HookPrograms, runner: any ProgramRunner, owner: UInt32,
        confirmations: @escaping @Sendable () -> any ProgramRunner
    ) {
        self.programs = programs
        self.runner = runner
        self.confirmations = confirmations
        self.owner = owner
    }

    /// An agent without hooks.
    public static var none: HookParts {
        HookParts(programs: HookPrograms(), runner: NoPrograms(), owner: 0) { NoPrograms() }
    }
}

/// Runs nothing.
struct NoPrograms: ProgramRunner {
    func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult {
        ProgramResult(.cancelled)
    }
}
