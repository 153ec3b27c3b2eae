internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Reload the agent's configuration.",
        discussion: "The new configuration applies as a whole; if a file is invalid, the old one stays."
    )

    func run() throws {
        _ = try AgentConnection.open(startIfNeeded: false).ask(.reload)
        Console.print("configuration reloaded")
    }
}
