internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start the agent if it is not running.",
        discussion: "Rarely needed: login, token, status and logout start it too."
    )

    func run() throws {
        let agent = try AgentConnection.open().askAcrossRestart(.health())
        Console.print("agent \(agent.version) runs, pid \(agent.pid), \(Console.clean(agent.socket))")
    }
}
