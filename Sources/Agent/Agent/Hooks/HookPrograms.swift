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
    /// Runs `on_confirm` for requests of the agent's user and root.
    public var ownConfirmations: any ProgramRunner
    /// The same for requests of other users, which must not delay the owner's.
    public var othersConfirmations: any ProgramRunner
    /// The user that the agent runs as.
    public var owner: UInt32

    public init(
        programs: HookPrograms, runner: any ProgramRunner, ownConfirmations: any ProgramRunner,
        othersConfirmations: any ProgramRunner, owner: UInt32
    ) {
        self.programs = programs
        self.runner = runner
        self.ownConfirmations = ownConfirmations
        self.othersConfirmations = othersConfirmations
        self.owner = owner
    }

    /// An agent without hooks.
    public static var none: HookParts {
        HookParts(
            programs: HookPrograms(), runner: NoPrograms(), ownConfirmations: NoPrograms(),
            othersConfirmations: NoPrograms(), owner: 0)
    }
}

/// Runs nothing.
struct NoPrograms: ProgramRunner {
    func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult {
        ProgramResult(.cancelled)
    }
}
