internal import AgentAPI
internal import AgentSetup
internal import ArgumentParser
internal import Glibc
internal import System

struct SetupSystem: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "system",
        abstract: "an agent of this machine for several users or services (systemd units).",
        discussion: """
            It has a user of its own, a store whose key systemd seals to this machine, and rules for who gets what. \
            See authagentd(8).
            """
    )

    @OptionGroup var common: AgentSetupOptions

    @Option(
        help: ArgumentHelp("The account of the first rule.", valueName: "name"), transform: AccountName.argument)
    var account: AccountName?

    @Option(help: ArgumentHelp("The user who gets its tokens.", valueName: "name"))
    var user: String?

    @Option(help: ArgumentHelp("The unit that gets them, such as backup.service.", valueName: "name"))
    var unit: String?

    func validate() throws {
        guard (account != nil) == (user != nil || unit != nil) else {
            throw ValidationError("a rule needs --account, and --user or --unit or both")
        }
        guard user?.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_.@-]{0,63}/) != nil || user == nil else {
            throw ValidationError("--user is the name of a user of this machine")
        }
        guard unit?.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9@_.:-]*\.(service|scope)/) != nil || unit == nil else {
            throw ValidationError("--unit is the name of a unit, such as backup.service")
        }
        guard !common.undo || account == nil else {
            throw ValidationError("--undo has no rule: it knows what was done")
        }
    }

    func run() throws {
        guard !common.write || geteuid() == 0 else {
            throw Failure("only root can set up the machine's agent", hint: "run the same command with sudo")
        }
        let shell = SetupShell()
        let record = SetupRecordFile(path: SystemFacts.record, mode: 0o644, directoryMode: 0o755)
        let plan =
            common.undo
            ? try removal(shell, record)
            : SystemSetup(
                try .found(shell, caller: user),
                rule: account.map { FirstRule(account: $0.description, user: user, unit: unit) }
            ).plan
        let run = AgentSetupRun(plan: plan, shell: shell, record: record, undoes: common.undo)
        if common.write { try run.perform() } else { run.show() }
        // What a person has put there stays.
        if common.undo, common.write { rmdir("/etc/authagent") }
    }

    private func removal(_ shell: SetupShell, _ file: SetupRecordFile) throws -> AgentSetupPlan {
        var facts = SetupRemoval.Facts(record: try file.read(), state: SystemFacts.state)
        let units = shell.units("systemctl", UnitStates.sockets + [UnitStates.service])
        facts.units = units.enabled.union(units.active)
        facts.hasFiles = [SystemFacts.home, SystemFacts.log].contains { SetupShell.exists($0) != false }
        return SetupRemoval(facts, of: .system).plan
    }
}
