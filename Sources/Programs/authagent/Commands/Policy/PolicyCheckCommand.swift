internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct PolicyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Explain what a process may do with an account, and by which rule.",
        discussion: "The running agent answers, with the rules in force and its own view of the process."
    )

    @Option(help: ArgumentHelp("The process that would make the request.", valueName: "pid"))
    var asPid: Int32

    @Argument(help: "The account; it need not exist.", transform: AccountName.argument)
    var account: AccountName

    @Flag(help: "Print one JSON object with 'caller', 'rules' and 'decisions'.")
    var json = false

    func validate() throws {
        guard asPid > 0 else { throw ValidationError("--as-pid must be greater than 0") }
    }

    func run() throws {
        let report = try AgentConnection.open().askAcrossRestart(.policyCheck(account, process: asPid))
        Console.print(json ? APIJSON.text(fixed: report) : PolicyText(report).text)
    }
}
