import AgentAPI
import Doctor
import Testing
import Vault

struct KeyringCheckTests {
    private func checks(
        _ state: StoreState, collection: Bool? = nil, isNeeded: Bool = true,
        program: String? = "gnome-keyring-daemon", item: String? = nil
    ) -> [DoctorCheck] {
        let status = StoreStatus(
            state, detail: "what it is", hasCollection: collection, program: program, item: item)
        return DoctorCheck.keyring(status, isNeeded: isNeeded)
    }

    @Test("a usable keyring is three checks that are ok")
    func healthy() {
        let checks = checks(.ok, collection: true)
        #expect(checks.map(\.id) == [.keyringBus, .keyringState, .keyringCollection])
        #expect(checks.allSatisfy { $0.state == .ok && $0.hint == nil })
    }

    @Test(
        "each state of an unusable keyring is reported once, with its command",
        arguments: [
            (StoreState.locked, true as Bool?, DoctorCheck.ID.keyringState, "gnome-keyring-daemon --replace --unlock"),
            (.noProvider, nil, .keyringState, "gnome-keyring-daemon --unlock"),
            (.noBus, nil, .keyringBus, "DBUS_SESSION_BUS_ADDRESS"), (.hung, nil, .keyringState, "pkill -KILL"),
            (.failed, nil, .keyringState, "gnome-keyring-daemon --replace --unlock"),
        ])
    func states(state: StoreState, collection: Bool?, id: DoctorCheck.ID, command: String) {
        let bad = checks(state, collection: collection).filter { $0.state == .problem }
        #expect(bad.map(\.id) == [id])
        #expect(bad.first?.detail == "\(state.rawValue): what it is")
        #expect(bad.first?.hint?.contains(command) == true)
    }

    @Test(
        "gnome-keyring's commands are for gnome-keyring only; other programs are named or looked up",
        arguments: [
            (StoreState.locked, true as Bool?), (.hung, nil), (.failed, true), (.failed, false),
        ])
    func otherPrograms(state: StoreState, collection: Bool?) throws {
        for (program, named) in [("keepassxc", "keepassxc"), ("kwalletd5", "kwalletd5"), (nil, "busctl --user status")]
        {
            let bad = checks(state, collection: collection, program: program).filter { $0.state == .problem }
            let hint = try #require(bad.first?.hint)
            #expect(!hint.contains("gnome-keyring"), "\(hint)")
            #expect(hint.contains(named), "\(hint)")
        }
    }

    @Test("an item that is locked in an open keyring is a warning, with its name and where to allow it")
    func lockedItem() throws {
        let checks = checks(.ok, collection: true, program: "keepassxc", item: "authagent: a (https://a.example)")
        let warning = try #require(checks.first { $0.state == .warning })
        #expect(warning.id == .keyringState)
        #expect(warning.detail.contains("'authagent: a (https://a.example)'"))
        #expect(warning.hint?.contains("keepassxc") == true)
        #expect(checks.count == 3)
    }

    @Test("a keyring without a default collection gets the command that creates one")
    func noCollection() {
        let checks = checks(.failed, collection: false)
        #expect(checks.filter { $0.state == .problem }.map(\.id) == [.keyringCollection])
        #expect(checks.last?.detail == "what it is")
        #expect(checks.last?.hint?.contains("--replace --unlock --components=secrets' to create one") == true)
    }

    @Test("a keyring that no account uses is a warning", arguments: [StoreState.locked, .noProvider, .noBus, .failed])
    func unused(state: StoreState) {
        let checks = checks(state, isNeeded: false)
        #expect(checks.map(\.state).max() == .warning)
        #expect(checks.last?.detail.hasSuffix("; no account uses it") == true)
    }
}
