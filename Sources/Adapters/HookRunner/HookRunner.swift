public import Agent
public import Configuration

/// Has the spawner run programs of the configuration, one at a time.
public final class HookRunner: ProgramRunner {
    private let spawner: ProgramSpawner
    private let turns = Turns()

    public init(_ spawner: ProgramSpawner) { self.spawner = spawner }

    public func run(_ program: ConfiguredProgram, input: [UInt8], within limit: Duration) async -> ProgramResult {
        await turns.run { [spawner] in await spawner.run(program, input: input, within: limit) }
    }
}
