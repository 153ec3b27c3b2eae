internal import AgentAPI
internal import ArgumentParser
internal import System

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out what is wrong, and what repairs it.",
        discussion: """
            Looks at the agent, the keyring, systemd, files, the network and each account's provider. Changes nothing \
            and starts nothing. Exit code 1 when there is a problem.
            """
    )

    @Flag(help: "Print one JSON object with 'state' and 'checks'.")
    var json = false

    func run() throws {
        let environment = processEnvironment()
        var (checks, found) = AgentExamination(environment: environment).run()
        if found == nil {
            do throws(OneShotAgent.Fault) {
                found = try OneShotAgent(environment: environment).answer(DoctorReport.self, to: .doctor)
            } catch {
                // In the report, so that what the client has found out is shown as well.
                checks.append(
                    DoctorCheck(.agentProgram, .problem, "\(error.problem), so no more is known", hint: error.hint))
            }
        }
        let report = DoctorReport(merged(checks, found?.checks ?? []))
        Console.print(json ? APIJSON.text(fixed: report) : DoctorTable(report).text)
        let problems = report.checks.count { $0.state == .problem }
        guard problems == 0 else {
            throw Failure(
                "\(problems) of \(report.checks.count) checks found a problem",
                hint: "the hints above say what repairs \(problems == 1 ? "it" : "them")"
            )
        }
    }

    /// What the agent's program has examined as well counts: it is the one that has to work with it.
    private func merged(_ own: [DoctorCheck], _ agents: [DoctorCheck]) -> [DoctorCheck] {
        let replaced = own.map { check in agents.first { $0.id == check.id } ?? check }
        return replaced + agents.filter { check in !own.contains { $0.id == check.id } }
    }
}
