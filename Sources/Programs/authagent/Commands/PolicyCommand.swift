internal import AgentAPI
internal import ArgumentParser

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Find out what the rules say about programs, and test them.",
        discussion: "The rules are in authagent.toml, as [[rule]]; see authagent.toml(5).",
        subcommands: [PolicyCheckCommand.self, PolicyTestCommand.self]
    )
}
