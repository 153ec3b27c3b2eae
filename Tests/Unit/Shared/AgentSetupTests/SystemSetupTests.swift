import AgentSetup
import System
import Testing

/// The steps that make a machine's agent.
struct SystemSetupTests {
    private static let rule = FirstRule(account: "work", user: "backup", unit: "backup.service")

    /// A machine with the package's files, and nothing else.
    private static func bare(_ program: String = "/usr/bin/authagent") -> SystemFacts {
        var facts = SystemFacts(installation: Installation(program: program))
        (facts.hasKey, facts.hasStore, facts.callerGroups) = (false, false, ["backup"])
        return facts
    }

    /// A machine that has been set up.
    private static var ready: SystemFacts {
        var facts = bare()
        let units = Set(UnitStates.sockets + [UnitStates.service])
        facts.units = UnitStates(areLoaded: true, enabled: units, active: units)
        (facts.hasUser, facts.hasKey, facts.hasStore, facts.hasRules) = (true, true, true, true)
        facts.callerGroups = ["backup", "authagent"]
        return facts
    }

    private func commands(_ plan: AgentSetupPlan) -> [String] {
        plan.steps.filter { $0.state == .needed }.flatMap(\.actions).compactMap {
            if case .command(let line) = $0 { line } else { nil }
        }
    }

    @Test("a machine without anything gets each part, the key before the units and the units before the store")
    func bare() {
        let plan = SystemSetup(Self.bare(), rule: Self.rule).plan
        let lines = commands(plan)
        let places = [
            "systemctl daemon-reload", "systemd-sysusers /usr/lib/sysusers.d/authagent.conf", "systemd-creds encrypt",
            "usermod -aG authagent backup",
            "systemctl enable --now authagent.socket authagent-credential.socket authagent.service",
            "/usr/bin/authagent store init --credential",
        ].map { part in lines.firstIndex { $0.contains(part) } }
        #expect(!places.contains(nil) && places.compactMap(\.self) == places.compactMap(\.self).sorted(), "\(lines)")
        let text = plan.steps.flatMap(\.actions).compactMap { action -> String? in
            if case .file("/etc/authagent/authagent.toml", 0o644, let text) = action { text } else { nil }
        }
        #expect(
            text.count == 1 && text[0].contains("\n[[rule]]\naccounts = [\"work\"]\nuser = \"backup\"\n"), "\(text)")
    }

    @Test("a machine that has everything gets nothing, and a rule that it would lack is shown")
    func ready() {
        let plan = SystemSetup(Self.ready, rule: Self.rule).plan
        #expect(plan.steps.allSatisfy { $0.state == .done })
        #expect(plan.notes.count == 1 && plan.notes[0].contains("user = \"backup\""), "\(plan.notes)")
    }

    @Test("a file of rules without a rule has an example in comments only")
    func example() {
        let lines = FirstRule.file(nil).split(separator: "\n")
        #expect(lines.allSatisfy { $0.hasPrefix("# ") } && lines.contains("# [[rule]]"))
    }

    @Test("no key is created beside a store, whose key it would not be")
    func store() {
        var facts = Self.ready
        facts.hasKey = false
        let plan = SystemSetup(facts, rule: nil).plan
        #expect(commands(plan).isEmpty)
        #expect(plan.notes.contains { $0.contains("authagent store status") }, "\(plan.notes)")
    }

    @Test("an agent that runs without the key is restarted, but not if only its memory has a login")
    func restart() {
        var facts = Self.ready
        (facts.hasKey, facts.hasStore) = (false, false)
        #expect(commands(SystemSetup(facts, rule: nil).plan).contains("systemctl restart authagent.service"))
        facts.unstored = ["work"]
        let refused = SystemSetup(facts, rule: nil).plan.steps.contains { step in
            if case .refused(let fault) = step.state { fault.problem.contains("'work'") } else { false }
        }
        #expect(refused)
    }

    @Test("an agent that runs reads new rules")
    func reload() {
        var facts = Self.ready
        facts.hasRules = false
        #expect(commands(SystemSetup(facts, rule: nil).plan).last == "systemctl reload authagent.service")
    }

    @Test("a caller that is not a user of the machine, and a machine without systemd-creds, are refused")
    func refused() {
        var facts = Self.bare()
        facts.callerGroups = nil
        facts.hasCredentials = false
        let problems = SystemSetup(facts, rule: Self.rule).plan.steps.compactMap { step -> String? in
            if case .refused(let fault) = step.state { fault.problem } else { nil }
        }
        #expect(problems == ["systemd-creds is missing", "there is no user 'backup'"])
    }

    @Test("what only root can see is shown as such")
    func hidden() {
        var facts = Self.bare()
        (facts.hasKey, facts.hasStore) = (nil, nil)
        #expect(SystemSetup(facts, rule: nil).plan.steps.count { $0.state == .hidden } == 2)
    }

    @Test("units below another prefix are linked, because systemd does not look there")
    func prefix() {
        let lines = commands(SystemSetup(Self.bare("/opt/aa/bin/authagent"), rule: nil).plan)
        #expect(lines[0].hasPrefix("systemctl link /opt/aa/lib/systemd/system/authagent.socket "), "\(lines)")
        #expect(lines.contains("systemd-sysusers /opt/aa/lib/sysusers.d/authagent.conf"))
    }

    @Test("units that were enabled before are not noted, so that --undo leaves them")
    func records() {
        var facts = Self.bare()
        facts.units.enabled = ["authagent.socket"]
        let names = SystemSetup(facts, rule: nil).plan.steps.flatMap(\.records).filter { $0.kind == .unit }.map(\.name)
        #expect(names == ["authagent-credential.socket", "authagent.service"])
    }

    @Test("states of units are read from systemctl's output")
    func states() {
        let states = UnitStates(
            shown: """
                Id=authagent.socket
                LoadState=loaded
                ActiveState=active
                UnitFileState=enabled

                Id=authagent.service
                LoadState=not-found
                ActiveState=inactive
                UnitFileState=

                """)
        #expect(states == UnitStates(areLoaded: false, enabled: ["authagent.socket"], active: ["authagent.socket"]))
        #expect(UnitStates(shown: "") == UnitStates())
    }
}
