internal import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration files.",
        discussion: "The files are described in authagent.toml(5).",
        subcommands: [ConfigCheckCommand.self]
    )
}
