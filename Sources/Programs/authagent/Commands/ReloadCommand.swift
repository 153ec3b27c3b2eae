internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the agent read its configuration again.",
        discussion: "The new configuration is taken whole; if a file is wrong, the old one stays."
    )

    func run() throws {
        _ = try AgentConnection.open(startIfNeeded: false).ask(.reload)
        Console.print("configuration read again")
    }
}
