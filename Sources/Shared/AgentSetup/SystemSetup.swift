internal import System

/// The steps of `authagent setup system`: a user, a key, rules, units and a store for an agent of the whole machine.
package struct SystemSetup {
    private let facts: SystemFacts
    private let rule: FirstRule?
    private typealias Facts = SystemFacts

    package init(_ facts: SystemFacts, rule: FirstRule?) { (self.facts, self.rule) = (facts, rule) }

    package var plan: AgentSetupPlan {
        var plan = AgentSetupPlan()
        plan.steps = [loading, user, key, rules] + [member, enabling, restart, reload].compactMap(\.self) + [store]
        if facts.hasRules, let rule {
            plan.notes.append(
                "\(Facts.rules) is there already, and is not changed; the rule would be: "
                    + rule.lines.joined(separator: "; "))
        }
        if facts.hasStore == true, facts.hasKey == false {
            plan.notes.append(
                "the store is there already, and its key is not the credential 'authagent-key': see 'authagent store"
                    + " status'")
        }
        if let rule, rule.user == nil, let unit = rule.unit {
            plan.notes.append("the user of \(unit) has to be a member of the group '\(Facts.user)' to connect")
        }
        let account = rule?.account ?? "NAME"
        plan.remarks = [
            "export AUTHAGENT_SOCK=\(Facts.socket), for each program that uses this agent",
            "authagent login \(account) --issuer URL --store sealed, as root with that variable",
        ]
        return plan
    }

    private static let seeJournal = "run 'journalctl -u authagent.service -u authagent.socket' to see why"

    private var loading: SetupStep {
        let names = (UnitStates.sockets + [UnitStates.service]).map { "\(facts.installation.systemUnits)/\($0)" }
        return SetupStep(
            "let systemd read the agent's units", facts.units.areLoaded ? .done : .needed,
            [
                .command(
                    facts.installation.isSearched
                        ? "systemctl daemon-reload" : "systemctl link \(names.joined(separator: " "))")
            ], remedy: "run 'systemctl status' to see whether systemd answers")
    }

    private var user: SetupStep {
        SetupStep(
            "create the user and group '\(Facts.user)'", facts.hasUser ? .done : .needed,
            [.command("systemd-sysusers \(facts.installation.users)")],
            remedy: "run 'getent passwd \(Facts.user)', and create the user and its group by hand if there is none",
            records: [.init(.user, Facts.user)])
    }

    private var key: SetupStep {
        let new = Facts.credentials + "/.authagent-key.new"
        return SetupStep(
            "seal a key for the store with \(facts.hasTPM ? "the TPM and " : "")this machine's key", keyState,
            [
                .command("mkdir -p -m 700 \(Facts.credentials)"),
                .command("head -c 32 /dev/urandom | systemd-creds encrypt --name=authagent-key - \(new)"),
                // ln(1) never replaces a key.
                .command("sync \(new) && ln \(new) \(Facts.key) && sync \(Facts.credentials) && rm \(new)"),
            ], remedy: "run 'systemd-creds setup' to see whether this machine can have a key",
            records: [.init(.key, Facts.key)])
    }

    private var keyState: SetupStep.State {
        switch (facts.hasKey, facts.hasStore) {
        case (true?, _), (_, true?): .done
        case (nil, _): .hidden
        case _ where !facts.hasCredentials:
            .refused(
                Fault(
                    "systemd-creds is missing",
                    hint: "use systemd 250 or later, or a key file: see authagentd(8), 'THE SEALED STORE'"))
        default: .needed
        }
    }

    private var rules: SetupStep {
        SetupStep(
            "write \(Facts.rules)\(rule == nil ? ", without a rule yet" : ", with the first rule")",
            facts.hasRules ? .done : .needed,
            [
                // The agent, which is not root, reads it.
                .command("mkdir -p -m 755 /etc/authagent"),
                .file(path: Facts.rules, mode: 0o644, text: FirstRule.file(rule)),
            ], remedy: "run 'ls -ld /etc/authagent' to see why", records: [.init(.rules, Facts.rules)])
    }

    /// The agent's socket is for its group.
    private var member: SetupStep? {
        guard let user = rule?.user, user != "root" else { return nil }
        let title = "let '\(user)' connect"
        guard let groups = facts.callerGroups else {
            let fault = Fault("there is no user '\(user)'", hint: "run 'getent passwd' to see the users")
            return SetupStep(title, .refused(fault), [], remedy: "")
        }
        return SetupStep(
            title, groups.contains(Facts.user) ? .done : .needed,
            [.command("usermod -aG \(Facts.user) \(user)")],
            remedy: "add '\(user)' to the group '\(Facts.user)' where this machine's users are kept",
            records: [.init(.member, user)])
    }

    private var enabling: SetupStep {
        let units = UnitStates.sockets + [UnitStates.service]
        let missing = units.filter { !facts.units.isReady($0) }
        return SetupStep(
            "enable and start the units", missing.isEmpty ? .done : .needed,
            [.command("systemctl enable --now \(missing.joined(separator: " "))")],
            remedy: Self.seeJournal,
            records: missing.filter { !facts.units.enabled.contains($0) }.map { .init(.unit, $0) })
    }

    private var isRunning: Bool { facts.units.active.contains(UnitStates.service) }

    /// systemd gives a service its credentials when it starts.
    private var restart: SetupStep? {
        guard isRunning, keyState == .needed else { return nil }
        let title = "restart the agent, which runs without the key"
        guard facts.unstored.isEmpty else {
            let fault = Fault(
                "only its memory has the login of '\(facts.unstored.joined(separator: "', '"))'",
                hint: "log in again with another --store after 'systemctl restart authagent.service'")
            return SetupStep(title, .refused(fault), [], remedy: "")
        }
        return SetupStep(
            title, .needed, [.command("systemctl restart authagent.service")], remedy: Self.seeJournal)
    }

    private var reload: SetupStep? {
        guard isRunning, restart == nil, !facts.hasRules else { return nil }
        return SetupStep(
            "let the agent read its rules", .needed, [.command("systemctl reload authagent.service")],
            remedy: Self.seeJournal)
    }

    private var store: SetupStep {
        let state: SetupStep.State = facts.hasStore.map { $0 ? .done : .needed } ?? .hidden
        return SetupStep(
            "create the sealed store", state,
            [.command("AUTHAGENT_SOCK=\(Facts.socket) \(facts.installation.program) store init --credential")],
            remedy: Self.seeJournal, records: [.init(.store, Facts.state + "/sealed")])
    }
}
