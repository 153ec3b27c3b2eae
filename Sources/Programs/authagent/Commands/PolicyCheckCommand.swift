internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct PolicyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Explain what a process may do with an account, and which rule says so.",
        discussion: "Asks the running agent, which has the rules that are in force and looks at the process itself."
    )

    @Option(help: ArgumentHelp("The process that would ask.", valueName: "pid"))
    var asPid: Int32

    @Argument(help: "The account; there need not be one of that name.", transform: AccountName.argument)
    var account: AccountName

    @Flag(help: "Print one JSON object with 'caller', 'rules' and 'decisions'.")
    var json = false

    func validate() throws {
        guard asPid > 0 else { throw ValidationError("the number of a process is greater than 0") }
    }

    func run() throws {
        let report = try AgentConnection.open().ask(.policyCheck(account, process: asPid))
        Console.print(json ? APIJSON.text(fixed: report) : PolicyText(report).text)
    }
}
