internal import AgentAPI
internal import AgentSetup
internal import AuthagentClient
internal import Glibc
internal import System

extension SystemFacts {
    /// Looks at this machine. `caller`: the user of the first rule.
    static func found(_ shell: SetupShell, caller: String?) throws -> SystemFacts {
        guard SetupShell.exists("/run/systemd/system") == true else {
            throw Failure(
                "cannot set up the machine's agent: this machine does not run systemd",
                hint: "start authagentd as a user of its own, see 'An agent for the whole machine' in authagentd(8)")
        }
        var facts = SystemFacts(installation: try .found(units: \.systemUnits))
        facts.units = shell.units("systemctl", UnitStates.sockets + [UnitStates.service])
        facts.hasUser = shell.succeeds("getent passwd \(user) && getent group \(user)")
        facts.hasCredentials = shell.succeeds("command -v systemd-creds")
        facts.hasTPM = shell.succeeds("systemd-creds has-tpm2 --quiet")
        facts.hasKey = SetupShell.exists(key)
        facts.hasStore = SetupShell.exists(state + "/sealed/store.sealed")
        facts.hasRules = SetupShell.exists(rules) != false
        facts.callerGroups = caller.flatMap { shell.answer("id -nG \($0)") }?.split(separator: " ").map(String.init)
        if geteuid() == 0, facts.units.active.contains(UnitStates.service) { facts.unstored = Self.unstored() }
        return facts
    }

    /// The logins that the agent would lose.
    private static func unstored() -> [String] {
        guard let path = try? SocketPath.resolve(environment: ["AUTHAGENT_SOCK": socket], user: geteuid()),
            let connection = try? AgentConnection(to: path), let report = try? connection.ask(.status)
        else { return [] }
        return report.accounts.filter { $0.store == "memory" && $0.state != .loginRequired }.map(\.account.description)
    }
}

extension Installation {
    /// The installation of this program; `units`: the directory that must have the units.
    static func found(units: KeyPath<Installation, String>) throws -> Installation {
        let installation = Installation(program: programDirectory() + "/authagent")
        let directory = installation[keyPath: units]
        guard SetupShell.exists("\(directory)/\(UnitStates.service)") == true else {
            throw Failure(
                "the agent's units are not installed in \(directory)",
                hint: "install the package, or run 'sudo packaging/install' in the repository")
        }
        return installation
    }
}

extension SetupShell {
    /// Asks systemd about the units; `systemctl`: the command for one of its managers.
    func units(_ systemctl: String, _ names: [String]) -> UnitStates {
        answer("\(systemctl) \(UnitStates.question(names))").map(UnitStates.init(shown:)) ?? UnitStates()
    }
}
