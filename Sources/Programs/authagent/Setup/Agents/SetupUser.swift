internal import AgentSetup
internal import ArgumentParser
internal import Glibc
internal import System

struct SetupUser: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "an agent of your own that runs without a session (systemd user units).",
        discussion: "Logins are in the keyring if one is unlocked, otherwise in the sealed store. See authagentd(8)."
    )

    @OptionGroup var common: AgentSetupOptions

    @Option(
        help: ArgumentHelp(
            "Where logins are kept: keyring or sealed; without it the keyring if one is unlocked.", valueName: "store"))
    var store: String?

    @Flag(help: "Do not let your units run without a session.")
    var noLinger = false

    func validate() throws {
        guard store == nil || kept != nil else { throw ValidationError("--store is keyring or sealed") }
        guard !common.undo || (store == nil && !noLinger) else {
            throw ValidationError("--undo has no other option than --write: it knows what was done")
        }
    }

    private var kept: UserFacts.Store? { store.flatMap(UserFacts.Store.init) }

    func run() throws {
        guard geteuid() != 0 || processEnvironment()["SUDO_UID"] == nil else {
            throw Failure(
                "cannot set up your own agent as root: it would be that of root",
                hint: "run the same command without sudo; 'authagent setup system' sets up the machine's agent")
        }
        let (facts, shell) = try UserFacts.found(common.undo ? .sealed : kept)
        let record = SetupRecordFile(path: facts.record, mode: 0o600)
        let plan = common.undo ? try removal(facts, record) : UserSetup(facts, lingers: !noLinger).plan
        let run = AgentSetupRun(plan: plan, shell: shell, record: record, undoes: common.undo)
        if common.write { try run.perform() } else { run.show() }
    }

    private func removal(_ found: UserFacts, _ file: SetupRecordFile) throws -> AgentSetupPlan {
        var facts = SetupRemoval.Facts(record: try file.read(), state: found.state)
        facts.units = found.units.enabled.union(found.units.active)
        facts.isLingering = found.isLingering
        return SetupRemoval(facts, of: .user(systemctl: found.systemctl)).plan
    }
}
