/// The steps of --undo: what the record says that a set-up has done, as long as it is unchanged and not in use.
package struct SetupRemoval {
    package struct Facts: Equatable, Sendable {
        package var record: SetupRecord
        /// The digest of each of the record's files that is there.
        package var digests: [String: String] = [:]
        /// Enabled or active.
        package var units: Set<String> = []
        /// The files of the sealed store; empty if there is none.
        package var store: [String] = []
        /// Whether the store has a login or an unfinished renewal, or cannot be read.
        package var isStoreUsed = true
        package var isLingering = false
        /// Whether files of the machine's agent are there.
        package var hasFiles = true

        package init(record: SetupRecord) { self.record = record }
    }

    private let facts: Facts
    private let owner: Owner

    /// Whose agent it is.
    package enum Owner: Equatable, Sendable {
        /// The machine's.
        case system
        /// `systemctl`: the command for the user's service manager.
        case user(systemctl: String)
    }

    package init(_ facts: Facts, of owner: Owner) { (self.facts, self.owner) = (facts, owner) }

    /// The steps, each with the entries of the record that go with it.
    package var plan: AgentSetupPlan {
        var plan = AgentSetupPlan()
        disableUnits(&plan)
        removeRules(&plan)
        removeStore(&plan)
        removeMembers(&plan)
        endLingering(&plan)
        removeUsers(&plan)
        return plan
    }

    private var systemctl: String {
        switch owner {
        case .system: "systemctl"
        case .user(let systemctl): systemctl
        }
    }

    private func disableUnits(_ plan: inout AgentSetupPlan) {
        let units = facts.record.names(.unit)
        guard !units.isEmpty else { return }
        let present = units.filter(facts.units.contains)
        plan.steps.append(
            SetupStep(
                "stop and disable the units", present.isEmpty ? .done : .needed,
                [.command("\(systemctl) disable --now \(present.joined(separator: " "))")],
                remedy: "run '\(systemctl) status \(units[0])' to see why", records: units.map { .init(.unit, $0) }))
    }

    private func removeRules(_ plan: inout AgentSetupPlan) {
        for entry in facts.record.entries where entry.kind == .rules {
            let isChanged = facts.digests[entry.name].map { $0 != entry.digest } ?? false
            guard !isChanged else {
                plan.notes.append("\(entry.name) stays, because it has been changed")
                continue
            }
            plan.steps.append(removal(of: entry, "remove \(entry.name)"))
        }
    }

    private func removal(of entry: SetupRecord.Entry, _ title: String) -> SetupStep {
        let file = ShellText.word(entry.name)
        return SetupStep(
            title, facts.digests[entry.name] == nil ? .done : .needed, [.command("rm \(file)")],
            remedy: "run 'ls -l \(file)' to see why", records: [entry])
    }

    /// An empty store and then its key; both stay as long as one has a use.
    private func removeStore(_ plan: inout AgentSetupPlan) {
        let keys = facts.record.entries.filter { $0.kind == .key }
        let stores = facts.record.names(.store)
        guard !(keys.isEmpty && stores.isEmpty) else { return }
        let isOurs = !stores.isEmpty && !facts.isStoreUsed
        if facts.isStoreUsed || !facts.store.isEmpty && !isOurs {
            let reason = facts.isStoreUsed ? "it is in use" : "it was there before"
            plan.notes.append("the sealed store stays, because \(reason)")
            for key in keys { plan.notes.append("\(key.name) stays, because the sealed store needs it") }
            return
        }
        for store in stores {
            let files = facts.store.map { ShellText.word("\(store)/\($0)") }.joined(separator: " ")
            // As its owner: root must not follow what that user may have put there.
            let user = owner == .system ? "runuser -u \(SystemFacts.user) -- " : ""
            plan.steps.append(
                SetupStep(
                    "remove the empty store", facts.store.isEmpty ? .done : .needed,
                    [.command("\(user)rm -- \(files)")],
                    remedy: "run 'ls -l \(ShellText.word(store))' to see why", records: [.init(.store, store)]))
        }
        for key in keys {
            if let digest = facts.digests[key.name], digest != key.digest {
                plan.notes.append("\(key.name) stays, because it has been changed")
            } else {
                plan.steps.append(removal(of: key, "remove the key \(key.name)"))
            }
        }
    }

    private func removeMembers(_ plan: inout AgentSetupPlan) {
        for member in facts.record.names(.member) {
            plan.steps.append(
                SetupStep(
                    "take '\(member)' out of the group '\(SystemFacts.user)'", .needed,
                    [.command("gpasswd --delete \(member) \(SystemFacts.user)")],
                    remedy: "run 'id \(member)' to see its groups", records: [.init(.member, member)]))
        }
    }

    private func endLingering(_ plan: inout AgentSetupPlan) {
        for user in facts.record.names(.linger) {
            let command = "loginctl disable-linger \(ShellText.word(user))"
            plan.steps.append(
                SetupStep(
                    "let your units run in sessions only", facts.isLingering ? .needed : .done, [.command(command)],
                    remedy: "run 'sudo \(command)'", records: [.init(.linger, user)]))
        }
    }

    private func removeUsers(_ plan: inout AgentSetupPlan) {
        for user in facts.record.names(.user) {
            guard !facts.hasFiles else {
                plan.notes.append(
                    "the user '\(user)' stays, because it has files in \(SystemFacts.home) or \(SystemFacts.log)")
                continue
            }
            plan.steps.append(
                SetupStep(
                    "remove the user and group '\(user)'", .needed, [.command("userdel \(user)")],
                    remedy: "run 'ps -u \(user)' to see its processes", records: [.init(.user, user)]))
        }
    }
}
