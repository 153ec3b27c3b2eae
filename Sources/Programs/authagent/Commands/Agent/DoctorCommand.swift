internal import AgentAPI
internal import ArgumentParser
internal import System

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find problems, and show how to repair them.",
        discussion: """
            Checks the agent, the keyring, systemd, files, the network and each account's provider. Changes nothing \
            and starts nothing. Exit code 1 when there is a problem.
            """
    )

    @Flag(help: "Print one JSON object with 'state' and 'checks'.")
    var json = false

    func run() throws {
        let environment = processEnvironment()
        var (checks, found) = ClientChecks(environment: environment).run()
        if found == nil {
            do throws(DaemonQuery.Failed) {
                found = try DaemonQuery(environment: environment).answer(DoctorReport.self, to: .doctor)
            } catch {
                // As a check in the report, so that the client's own checks are shown too.
                checks.append(
                    DoctorCheck(
                        .agentProgram, .problem, "\(error), so nothing else was checked", hint: error.hint))
            }
        }
        let report = DoctorReport(merged(checks, found?.checks ?? []))
        Console.print(json ? APIJSON.text(fixed: report) : DoctorTable(report).text)
        let problems = report.checks.count { $0.state == .problem }
        guard problems == 0 else {
            throw Failure(
                "\(problems) of \(report.checks.count) checks found a problem",
                hint: "follow the \(problems == 1 ? "hint" : "hints") above"
            )
        }
    }

    /// The agent's result replaces the client's for the same check: the agent has to work with it.
    private func merged(_ own: [DoctorCheck], _ agents: [DoctorCheck]) -> [DoctorCheck] {
        let replaced = own.map { check in agents.first { $0.id == check.id } ?? check }
        return replaced + agents.filter { check in !own.contains { $0.id == check.id } }
    }
}
