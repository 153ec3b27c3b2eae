import AgentSetup
import System
import Testing

/// The steps that make a person's own agent.
struct UserSetupTests {
    private static func facts(_ store: UserFacts.Store) -> UserFacts {
        var facts = UserFacts(
            installation: Installation(program: "/usr/bin/authagent"), user: "tv", runtime: "/run/user/7",
            configuration: "/home/t v/.config/authagent", state: "/home/t v/.local/state/authagent")
        facts.store = store
        facts.hasManager = true
        return facts
    }

    /// Waits until the user's service manager runs.
    private static func wait(_ systemctl: String) -> String {
        let states = "initializing|starting|running|degraded|maintenance"
        let question = "\(systemctl) --user is-system-running | grep -Eqx \"\(states)\""
        return "timeout 20 sh -c 'until \(question); do sleep 0.1; done'"
    }

    private func commands(_ plan: AgentSetupPlan) -> [String] {
        plan.steps.filter { $0.state == .needed }.flatMap(\.actions).compactMap {
            if case .command(let line) = $0 { line } else { nil }
        }
    }

    private func refusals(_ plan: AgentSetupPlan) -> [String] {
        plan.steps.compactMap { if case .refused(let fault) = $0.state { fault.problem } else { nil } }
    }

    @Test("with a keyring, only units are enabled and kept without a session")
    func keyring() {
        var facts = Self.facts(.keyring)
        facts.isLingering = true
        #expect(!commands(UserSetup(facts, lingers: true).plan).contains { $0.contains("linger") })
        facts.isLingering = false
        let plan = UserSetup(facts, lingers: true).plan
        #expect(
            commands(plan) == [
                "loginctl enable-linger tv", Self.wait("systemctl"), "systemctl --user daemon-reload",
                "systemctl --user enable --now authagent.socket authagent-credential.socket",
            ])
        #expect(plan.notes.count == 1 && plan.remarks == ["authagent login NAME --issuer URL"])
    }

    @Test("without a keyring, a key in a file and a store are created, and paths with blanks are quoted")
    func sealed() {
        let lines = commands(UserSetup(Self.facts(.sealed), lingers: false).plan)
        #expect(!lines.contains { $0.contains("linger") })
        let new = "'/home/t v/.config/authagent.key.new'"
        #expect(lines.contains("rm -f \(new) && (umask 077; set -C; head -c 32 /dev/urandom >\(new))"))
        #expect(lines.last == "/usr/bin/authagent store init --key-file '/home/t v/.config/authagent.key'")
    }

    @Test("a key file that is there is used, and beside a store none is created")
    func present() {
        var facts = Self.facts(.sealed)
        facts.hasKey = true
        #expect(!commands(UserSetup(facts, lingers: false).plan).contains { $0.contains("urandom") })
        (facts.hasKey, facts.hasStore) = (false, true)
        let lines = commands(UserSetup(facts, lingers: false).plan)
        #expect(!lines.contains { $0.contains("urandom") || $0.contains("store init") }, "\(lines)")
    }

    @Test("an agent that a command has started, and files of another place than the unit's, are refused")
    func refused() {
        var facts = Self.facts(.keyring)
        facts.other = 4711
        #expect(refusals(UserSetup(facts, lingers: true).plan).first?.contains("pid 4711") == true)
        facts.isUnits = false
        #expect(
            refusals(UserSetup(facts, lingers: true).plan) == ["the unit's agent would not have this shell's files"])
    }

    @Test("a service manager that does not run, or may end, is waited for with lingering, and refused without")
    func manager() {
        var facts = Self.facts(.keyring)
        (facts.hasManager, facts.hasVariable) = (false, false)
        let lines = commands(UserSetup(facts, lingers: true).plan)
        #expect(lines[1] == Self.wait("XDG_RUNTIME_DIR=/run/user/7 systemctl"))
        #expect(lines.last?.hasPrefix("XDG_RUNTIME_DIR=/run/user/7 systemctl --user enable") == true)
        #expect(refusals(UserSetup(facts, lingers: false).plan) == ["your service manager does not run"])
    }

    @Test("without systemd only the store is created")
    func noSystemd() {
        var facts = Self.facts(.sealed)
        facts.hasSystemd = false
        let plan = UserSetup(facts, lingers: true).plan
        #expect(plan.steps.count == 2 && !commands(plan).contains { $0.contains("ctl") })
        #expect(plan.notes.first?.contains("does not run systemd") == true)
    }
}
