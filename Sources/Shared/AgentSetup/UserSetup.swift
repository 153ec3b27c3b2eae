internal import System

/// The steps of `authagent setup user`: units that run without a session, and a store that opens without a person.
package struct UserSetup {
    private let facts: UserFacts
    private let lingers: Bool

    /// `lingers`: whether the units are to run from the machine's start on.
    package init(_ facts: UserFacts, lingers: Bool) { (self.facts, self.lingers) = (facts, lingers) }

    package var plan: AgentSetupPlan {
        var plan = AgentSetupPlan()
        if facts.hasSystemd {
            plan.steps = (lingers ? [linger] : []) + [manager].compactMap(\.self) + [loading]
        } else {
            plan.notes.append(
                "this machine does not run systemd: the client starts the agent when it is first needed, and it may end"
                    + " with the session or job of that command")
        }
        if facts.store == .sealed { plan.steps.append(key) }
        if facts.hasSystemd { plan.steps.append(enabling) }
        if facts.store == .sealed { plan.steps.append(store) } else { plan.notes.append(Self.keyringNote) }
        let option = facts.store == .sealed ? " --store sealed" : ""
        plan.remarks = ["authagent login NAME --issuer URL\(option)"]
        return plan
    }

    private static let keyringNote =
        "logins are kept in the keyring, which is unlocked now; without a desktop, see 'A keyring without a desktop' in"
        + " authagentd(8), or use --store sealed"

    private var systemctl: String { facts.systemctl }

    private static let seeJournal = "run 'journalctl --user -u authagent.service -u authagent.socket' to see why"

    private var linger: SetupStep {
        SetupStep(
            "let your units run without a session", facts.isLingering ? .done : .needed,
            [.command("loginctl enable-linger \(ShellText.word(facts.user))")],
            remedy: "run 'sudo loginctl enable-linger \(ShellText.word(facts.user))', and then the same command again",
            records: [.init(.linger, facts.user)])
    }

    /// systemd starts it with lingering, or with the next session; without both, one that runs may be about to end.
    private var manager: SetupStep? {
        guard !facts.hasManager || lingers && !facts.isLingering else { return nil }
        let title = "wait for your service manager"
        guard lingers else {
            let fault = Fault(
                "your service manager does not run", hint: "log in to a session of your own, or leave --no-linger out")
            return SetupStep(title, .refused(fault), [], remedy: "")
        }
        let states = "initializing|starting|running|degraded|maintenance"
        let wait = "until \(systemctl) is-system-running | grep -Eqx \"\(states)\"; do sleep 0.1; done"
        return SetupStep(
            title, .needed, [.command("timeout 20 sh -c '\(wait)'")],
            remedy: "run 'systemctl status user@$(id -u)' to see why it does not start")
    }

    private var loading: SetupStep {
        let names = (UnitStates.sockets + [UnitStates.service]).map { "\(facts.installation.userUnits)/\($0)" }
        return SetupStep(
            "let systemd read the agent's units", facts.units.areLoaded ? .done : .needed,
            [
                .command(
                    facts.installation.isSearched
                        ? "\(systemctl) daemon-reload" : "\(systemctl) link \(names.joined(separator: " "))")
            ], remedy: "run 'systemctl --user status' to see whether your service manager answers")
    }

    /// A file, because before systemd 256 only root can seal a credential for a user's units.
    private var key: SetupStep {
        let (file, new) = (ShellText.word(facts.key), ShellText.word(facts.key + ".new"))
        let directory = ShellText.word(String(facts.key[..<(facts.key.lastIndex(of: "/") ?? facts.key.startIndex)]))
        return SetupStep(
            "create a key for the store, in a file that only you can read",
            facts.hasKey || facts.hasStore ? .done : .needed,
            [
                .command("mkdir -p -m 700 \(directory)"),
                // Not through a link that is there by that name.
                .command("rm -f \(new) && (umask 077; set -C; head -c 32 /dev/urandom >\(new))"),
                // ln(1) never replaces a key.
                .command("sync \(new) && ln \(new) \(file) && sync \(directory) && rm \(new)"),
            ], remedy: "run 'ls -ld \(directory) \(file)' to see why", records: [.init(.key, facts.key)])
    }

    private var enabling: SetupStep {
        let title = "enable and start the units"
        let missing = UnitStates.sockets.filter { !facts.units.isReady($0) }
        if !missing.isEmpty {
            if !facts.isUnits {
                let fault = Fault(
                    "the unit's agent would not have this shell's files",
                    hint: "unset XDG_CONFIG_HOME, XDG_STATE_HOME, AUTHAGENT_SOCK and AUTHAGENT_SYSTEM_CONFIG")
                return SetupStep(title, .refused(fault), [], remedy: "")
            }
            if let pid = facts.other {
                let fault = Fault(
                    "an agent that a command has started is running, pid \(pid)",
                    hint: "run 'authagent stop', and then the same command again")
                return SetupStep(title, .refused(fault), [], remedy: "")
            }
        }
        return SetupStep(
            title, missing.isEmpty ? .done : .needed,
            [.command("\(systemctl) enable --now \(missing.joined(separator: " "))")], remedy: Self.seeJournal,
            records: missing.filter { !facts.units.enabled.contains($0) }.map { .init(.unit, $0) })
    }

    private var store: SetupStep {
        let program = ShellText.word(facts.installation.program)
        return SetupStep(
            "create the sealed store", facts.hasStore ? .done : .needed,
            [.command("\(program) store init --key-file \(ShellText.word(facts.key))")],
            remedy: "run 'authagent doctor' to see why", records: [.init(.store, facts.state + "/sealed")])
    }
}
