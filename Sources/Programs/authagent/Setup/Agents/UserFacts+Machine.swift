internal import AgentAPI
internal import AgentSetup
internal import AuthagentClient
internal import Glibc
internal import System

extension UserFacts {
    /// Looks at this user's agent. `store`: `nil` for the keyring if there is one that is unlocked.
    static func found(_ store: Store?) throws -> (facts: UserFacts, shell: SetupShell) {
        let environment = processEnvironment()
        guard let paths = UserPaths(environment: environment) else {
            throw Failure("HOME does not name a directory", hint: "set HOME to your home directory")
        }
        let runtime = "/run/user/\(geteuid())"
        let shell = SetupShell(environment["XDG_RUNTIME_DIR"] == nil ? ["XDG_RUNTIME_DIR": runtime] : [:])
        guard let user = shell.answer("id -un"), !user.isEmpty else {
            throw Failure("this user has no name", hint: "run 'id' to see who you are")
        }
        let hasSystemd = SetupShell.exists("/run/systemd/system") == true
        let installation =
            hasSystemd
            ? try Installation.found(units: \.userUnits) : Installation(program: programDirectory() + "/authagent")
        var facts = UserFacts(
            installation: installation, user: user, runtime: runtime, configuration: paths.configuration,
            state: paths.state)
        facts.hasSystemd = hasSystemd
        facts.hasVariable = environment["XDG_RUNTIME_DIR"] == runtime
        facts.hasManager = SetupShell.exists(runtime + "/systemd/private") == true
        facts.isLingering = SetupShell.exists("/var/lib/systemd/linger/\(user)") == true
        if facts.hasManager { facts.units = shell.units("systemctl --user", UnitStates.sockets + [UnitStates.service]) }
        facts.isUnits = UserService.isOfUnit(environment, user: geteuid(), runtime: runtime)
        facts.other = other(paths.lock, facts.units)
        facts.hasKey = SetupShell.exists(facts.key) != false
        facts.hasStore = SetupShell.exists(paths.sealed + "/store.sealed") != false
        let helper = installation.keyringHelper
        facts.store = store ?? (shell.succeeds("\(helper) check") ? .keyring : .sealed)
        return (facts, shell)
    }

    /// The process of an agent that is not the unit's.
    private static func other(_ lock: String, _ units: UnitStates) -> Int32? {
        guard !units.active.contains(UnitStates.service), FileLock.isHeld(lock) else { return nil }
        return FileLock.holder(of: lock) ?? 0
    }
}
