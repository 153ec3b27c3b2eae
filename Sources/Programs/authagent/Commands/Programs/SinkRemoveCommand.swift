internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct SinkRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a file of 'authagent sink add', and keep no more tokens there.",
        discussion: "A sink of authagent.toml is removed there, with 'authagent reload'."
    )

    @Argument(help: "The path, as 'authagent sink list' shows it.")
    var path: String

    func run() throws {
        let path = absolutePath(path)
        let reply = try AgentConnection.open().ask(.removeSink(at: path))
        Console.print("removed: \(Console.clean(reply.path))")
        guard !reply.removed else { return }
        throw Failure(
            "the token's file is still there; the agent tries again to remove it",
            hint: "run 'authagent sink list' to see why")
    }
}
