import AgentSetup
import Testing

/// What --undo takes back, and what it leaves.
struct SetupRemovalTests {
    private static let store = SystemFacts.state + "/sealed"
    private static let record = SetupRecord([
        .init(.user, "authagent"), .init(.key, SystemFacts.key, digest: "aa"),
        .init(.rules, SystemFacts.rules, digest: "bb"), .init(.member, "backup"), .init(.unit, "authagent.socket"),
        .init(.store, store),
    ])

    /// A machine on which everything is as the set-up has left it.
    private static func fresh(_ record: SetupRecord = record) -> SetupRemoval.Facts {
        var facts = SetupRemoval.Facts(record: record)
        facts.digests = [SystemFacts.key: "aa", SystemFacts.rules: "bb"]
        facts.units = ["authagent.socket", "authagent.service"]
        facts.store = ["marks.sealed", "store.sealed"]
        (facts.isStoreUsed, facts.hasFiles) = (false, false)
        return facts
    }

    private func commands(_ facts: SetupRemoval.Facts, _ owner: SetupRemoval.Owner = .system) -> [String] {
        SetupRemoval(facts, of: owner).plan.steps.filter { $0.state == .needed }.flatMap(\.actions).compactMap {
            if case .command(let line) = $0 { line } else { nil }
        }
    }

    private func notes(_ facts: SetupRemoval.Facts) -> String {
        SetupRemoval(facts, of: .system).plan.notes.joined(separator: "\n")
    }

    @Test("what is unchanged and unused is removed, units first, and the store before its key")
    func whole() {
        #expect(
            commands(Self.fresh()) == [
                "systemctl disable --now authagent.socket", "rm \(SystemFacts.rules)",
                "runuser -u authagent -- rm -- \(Self.store)/marks.sealed \(Self.store)/store.sealed",
                "rm \(SystemFacts.key)", "gpasswd --delete backup authagent", "userdel authagent",
            ])
        #expect(notes(Self.fresh()).isEmpty)
    }

    @Test("a store with a login, or one that cannot be read, stays, and so does its key")
    func used() {
        var facts = Self.fresh()
        facts.isStoreUsed = true
        #expect(!commands(facts).contains { $0.contains("sealed") || $0.contains("key") })
        #expect(notes(facts).contains("the sealed store stays, because it is in use"))
        #expect(notes(facts).contains("\(SystemFacts.key) stays, because the sealed store needs it"))
        // One that cannot be read.
        facts.store = []
        #expect(!commands(facts).contains { $0.contains("key") })
    }

    @Test("a store that was there before stays, and so does a key that was created for it")
    func older() {
        var record = Self.record
        record.entries.removeAll { $0.kind == .store }
        #expect(!commands(Self.fresh(record)).contains { $0.contains("sealed") || $0.contains("-key") })
    }

    @Test("rules and a key that were changed since stay")
    func changed() {
        var facts = Self.fresh()
        facts.digests = [SystemFacts.key: "cc", SystemFacts.rules: "cc"]
        #expect(!commands(facts).contains { $0.hasPrefix("rm ") })
        #expect(notes(facts).contains("\(SystemFacts.rules) stays, because it has been changed"))
        #expect(notes(facts).contains("\(SystemFacts.key) stays, because it has been changed"))
    }

    @Test("the user stays as long as it has files")
    func files() {
        var facts = Self.fresh()
        facts.hasFiles = true
        #expect(!commands(facts).contains("userdel authagent") && notes(facts).contains("the user 'authagent' stays"))
    }

    @Test("nothing is undone without a record, and what is gone already is not removed again")
    func nothing() {
        #expect(SetupRemoval(Self.fresh(SetupRecord()), of: .system).plan == AgentSetupPlan())
        var facts = Self.fresh()
        (facts.digests, facts.units, facts.store) = ([:], [], [])
        #expect(commands(facts) == ["gpasswd --delete backup authagent", "userdel authagent"])
    }

    @Test("a person's files are removed as that person, and units by their own service manager")
    func user() {
        let record = SetupRecord([
            .init(.unit, "authagent.socket"), .init(.linger, "tv"), .init(.store, "/home/t v/sealed"),
        ])
        var facts = Self.fresh(record)
        facts.isLingering = true
        #expect(
            commands(facts, .user(systemctl: "systemctl --user")) == [
                "systemctl --user disable --now authagent.socket",
                "rm -- '/home/t v/sealed/marks.sealed' '/home/t v/sealed/store.sealed'", "loginctl disable-linger tv",
            ])
    }

    @Test("a record is read as it was written, and one with a line that is not understood is not used")
    func text() {
        var record = Self.record
        record.add(.init(.key, "/home/t v/key", digest: "dd"))
        record.add(.init(.key, "/home/t v/key", digest: "ee"))
        record.add(.init(.store, "/home/t v/sealed"))
        #expect(record.entries.count == 8)
        #expect(SetupRecord(parsing: record.text) == record)
        for line in ["unknown x", "key aa", "key aa relative", "unit", "unit a b", "unit /a", "store a"] {
            #expect(SetupRecord(parsing: record.text + line + "\n") == nil, "\(line)")
        }
    }
}
