internal import ArgumentParser

struct SinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink",
        abstract: "Keep fresh tokens in files, for programs that read one.",
        discussion: """
            The agent writes each file as a whole, renews it in time, and removes it at logout, lock and expiry. Sinks \
            can also be declared as [[sink]] in authagent.toml; see authagent.toml(5).
            """,
        subcommands: [SinkAddCommand.self, SinkListCommand.self, SinkRemoveCommand.self]
    )
}
