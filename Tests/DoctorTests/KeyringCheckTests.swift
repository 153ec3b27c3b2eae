import AgentAPI
import Doctor
import Testing
import Vault

struct KeyringCheckTests {
    private func checks(
        _ state: StoreState, collection: Bool? = nil, isNeeded: Bool = true
    ) -> [DoctorCheck] {
        DoctorCheck.keyring(StoreStatus(state, detail: "what it is", hasCollection: collection), isNeeded: isNeeded)
    }

    @Test("a keyring that can be used is three checks that are ok")
    func healthy() {
        let checks = checks(.ok, collection: true)
        #expect(checks.map(\.id) == [.keyringBus, .keyringState, .keyringCollection])
        #expect(checks.allSatisfy { $0.state == .ok && $0.hint == nil })
    }

    @Test(
        "each state of a keyring that cannot be used is named, once, with its command",
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

    @Test("a keyring without a default collection is no keyring that fails: the command makes a collection")
    func noCollection() {
        let checks = checks(.failed, collection: false)
        #expect(checks.filter { $0.state == .problem }.map(\.id) == [.keyringCollection])
        #expect(checks.last?.detail == "what it is")
        #expect(checks.last?.hint?.contains("--replace --unlock --components=secrets' to make one") == true)
    }

    @Test("a keyring that no account needs is a warning", arguments: [StoreState.locked, .noProvider, .noBus, .failed])
    func unused(state: StoreState) {
        let checks = checks(state, isNeeded: false)
        #expect(checks.map(\.state).max() == .warning)
        #expect(checks.last?.detail.hasSuffix("; no account uses it") == true)
    }
}
