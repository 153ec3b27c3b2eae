internal import AgentAPI
internal import ArgumentParser

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Explain and test the rules about programs.",
        discussion: "The rules are in authagent.toml, as [[rule]]; see authagent.toml(5).",
        subcommands: [PolicyCheckCommand.self, PolicyTestCommand.self]
    )
}
