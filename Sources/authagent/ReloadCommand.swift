internal import AgentAPI
internal import ArgumentParser

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the agent read its configuration again.",
        discussion: "The new configuration is taken whole; if a file is wrong, the old one stays."
    )

    private struct Reloaded: Decodable { let reloaded: Bool }

    func run() throws {
        let connection = try AgentConnection.open(startIfNeeded: false)
        _ = try connection.request("POST", Route.reload.path, within: .seconds(30)).decoded(Reloaded.self)
        Console.print("configuration read again")
    }
}
