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

    @Flag(help: "Print one JSON object with 'agent' and 'accounts', or with 'grade', 'strict' and 'checks'.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Write metrics for node_exporter's textfile collector to this file, which ends in .prom, or to '-'.",
            valueName: "file"))
    var prometheus: String?

    @Flag(help: "Show what the kernel enforces for the agent and what its stores depend on, with grades.")
    var security = false

    func validate() throws {
        if security {
            guard account == nil, prometheus == nil else {
                throw ValidationError("--security is about the agent alone: leave the account and --prometheus out")
            }
        }
        guard let prometheus else { return }
        if json { throw ValidationError("--json and --prometheus exclude each other") }
        guard prometheus == "-" || prometheus.hasSuffix(".prom") else {
            throw ValidationError("the file of --prometheus must end in .prom, or the collector does not read it")
        }
    }

    func run() throws {
        if let prometheus { return try MetricsFile(prometheus).write { try self.report($0) } }
        let connection = try AgentConnection.open()
        if security {
            let report = try connection.ask(.security)
            return Console.print(json ? APIJSON.text(fixed: report) : SecurityTable(report).text)
        }
        let report = try self.report(connection)
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

    private func report(_ connection: AgentConnection) throws -> StatusReport {
        var report = try connection.askAcrossRestart(.status)
        if let account { report.accounts = [try connection.askAcrossRestart(.status(of: account))] }
        return report
    }
}
