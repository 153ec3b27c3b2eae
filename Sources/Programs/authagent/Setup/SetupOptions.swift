internal import AgentAPI
internal import ArgumentParser

/// The options of each tool's set-up.
struct SetupOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The account; without it the only one.", valueName: "name"),
        transform: AccountName.argument)
    var account: AccountName?

    @Option(help: ArgumentHelp("Only this one of the account's urls; may be repeated.", valueName: "url"))
    var url: [String] = []

    @Flag(help: "Show the difference, then write it.")
    var write = false

    @Flag(help: "Take out what an earlier set-up wrote; without --write only show the difference.")
    var undo = false
}

/// A tool whose configuration is set up.
protocol SetupTool: ParsableCommand {
    var common: SetupOptions { get }

    /// What the tool needs, for the account that `place` finds when it is asked.
    func plan(_ place: SetupPlace) throws -> SetupPlan

    /// What takes an earlier set-up out again; of all accounts unless one is named.
    func removals(_ place: SetupPlace) throws -> [FileChange]

    func linksToRemove(_ place: SetupPlace) -> [LinkChange]
}

extension SetupTool {
    func run() throws {
        let place = try SetupPlace(common)
        if common.undo {
            let (files, links) = (try removals(place), linksToRemove(place))
            return try SetupRun(files: files, links: links, isWritten: common.write, undoes: true).perform()
        }
        let plan = try plan(place)
        for note in plan.notes { Console.note(note) }
        guard common.write else { return plan.print() }
        if let obstacle = plan.obstacle { throw Failure(obstacle) }
        guard !plan.changes.isEmpty else {
            throw Failure(
                "cannot write the set-up of \(Self._commandName): it is only printed",
                hint: "run the same command without --write, and add what it prints")
        }
        try SetupRun(files: plan.changes, links: plan.links, isWritten: true, undoes: false).perform()
        plan.printRemarks()
    }

    func removals(_ place: SetupPlace) throws -> [FileChange] { [] }

    func linksToRemove(_ place: SetupPlace) -> [LinkChange] { [] }
}
