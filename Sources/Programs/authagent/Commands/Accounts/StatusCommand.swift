internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc
internal import System

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the agent and its accounts."
    )

    @Argument(help: "Show this account only.", transform: AccountName.argument)
    var account: AccountName?

    @Flag(help: "Print one JSON object with 'agent' and 'accounts'.")
    var json = false

    func run() throws {
        let connection = try AgentConnection.open()
        var report = try connection.askAcrossRestart(.status)
        if let account {
            report.accounts = [try connection.askAcrossRestart(.status(of: account))]
        }
        if report.agent.version != agentVersion {
            Console.note(
                "the running agent is \(report.agent.version), installed is \(agentVersion): run 'authagent stop', and"
                    + " the next command starts the new one")
        }
        if let difference = AgentEnvironment.difference(processEnvironment(), report.agent) {
            Console.note("\(difference): \(AgentEnvironment.remedy)")
        }
        Console.print(json ? APIJSON.text(fixed: report) : StatusTable(report, now: time(nil)).text)
    }
}
