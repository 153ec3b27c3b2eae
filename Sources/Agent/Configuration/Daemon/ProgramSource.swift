public import AgentAPI

/// The files that name programs to run: those that a reload reads, and the one that `authagent sink` changes.
public enum ProgramSource: UInt8, CaseIterable, Sendable {
    /// The machine's and the user's `authagent.toml`.
    case settings
    /// `sinks.toml`.
    case added

    /// Reads the programs that the files name now, in their order.
    public func load(_ paths: UserPaths) throws(ConfigurationError) -> [ConfiguredProgram] {
        switch self {
        case .settings: Self.programs(of: try DaemonSettings.load(paths))
        case .added: Self.programs(of: try AddedSinks(paths).load())
        }
    }

    /// The programs of `authagent.toml`.
    public static func programs(of settings: DaemonSettings) -> [ConfiguredProgram] {
        settings.hooks.all + settings.sinks.configured.compactMap(\.onChange)
    }

    /// The programs of `sinks.toml`.
    public static func programs(of sinks: [AddedSink]) -> [ConfiguredProgram] {
        sinks.compactMap { $0.usable?.onChange }
    }
}
