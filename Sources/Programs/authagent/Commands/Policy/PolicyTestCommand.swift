internal import AgentAPI
internal import ArgumentParser
internal import System

struct PolicyTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Test the rules on disk against the expectations in a file.",
        discussion: """
            Needs no running agent, and changes nothing. The file has [[expect]] tables; see authagent(1). Exit code 1 \
            when one is not met.
            """
    )

    @Argument(help: "The file with the expectations.")
    var file: String

    @Flag(help: "Print one JSON object with 'expectations' and 'failures'.")
    var json = false

    func run() throws {
        let report: PolicyTestReport
        do throws(DaemonQuery.Failed) {
            report = try DaemonQuery(environment: processEnvironment()).answer(
                PolicyTestReport.self, to: .policyTest(file: absolutePath(file)))
        } catch { throw Failure(error.fault, code: .agentUnreachable) }
        if json { Console.print(APIJSON.text(fixed: report)) }
        if let error = report.error { throw Failure(error.detail, hint: error.hint) }
        let met = "\(report.expectations - report.failures.count) of \(report.expectations) met"
        if !json {
            for failure in report.failures {
                let place = failure.line.map { "\(report.file):\($0)" } ?? report.file
                Console.print(
                    Console.clean("\(place): expected \(failure.expected), got \(failure.got)") + "\n  "
                        + Console.clean(failure.reason))
            }
            Console.print("\(met), with \(report.rules) rules")
        }
        guard report.failures.isEmpty else {
            throw Failure("the rules do not meet the expectations: \(met)", hint: "correct the rules or the file")
        }
    }
}
