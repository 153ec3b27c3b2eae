internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc

struct SinkListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the files that the agent keeps fresh."
    )

    @Flag(help: "Print one JSON object with 'sinks'.")
    var json = false

    func run() throws {
        let list = try AgentConnection.open().askAcrossRestart(.sinks)
        if json { return Console.print(APIJSON.text(fixed: list)) }
        guard !list.sinks.isEmpty else {
            return Console.print("no sinks yet: 'authagent sink add NAME', or [[sink]] in authagent.toml")
        }
        Console.print(SinkTable(list.sinks, now: time(nil)).lines.map(Console.clean).joined(separator: "\n"))
    }
}
