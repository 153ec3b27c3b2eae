import AgentAPI
import Doctor
import Testing
import Vault

struct SealedCheckTests {
    private func check(
        _ state: StoreState, isNeeded: Bool = true, isAgent: Bool = true
    ) -> DoctorCheck? {
        let store = KeyedStoreDescription(
            status: StoreStatus(state, detail: state == .ok ? nil : "what it is", hint: "run 'this'"),
            keySource: .passphrase, keyFile: nil, directory: "/d", records: 2
        )
        return DoctorCheck.sealed(store, isNeeded: isNeeded, isAgent: isAgent)
    }

    @Test("a sealed store that opens is ok, with the number of its records")
    func open() {
        #expect(check(.ok)?.state == .ok)
        #expect(check(.ok)?.detail.contains("2 records") == true)
    }

    @Test("one that does not open is a problem with its state and the command, if an account needs it")
    func states() {
        for state in [StoreState.notInitialized, .locked, .failed] {
            #expect(check(state)?.state == .problem)
            #expect(check(state)?.detail == "\(state.rawValue): what it is")
            #expect(check(state)?.hint == "run 'this'")
        }
        #expect(check(.failed, isNeeded: false)?.state == .warning)
        #expect(check(.notInitialized, isNeeded: false) == nil)
    }

    @Test("without an agent, a sealed store with a passphrase is a warning")
    func passphrase() {
        #expect(check(.locked, isAgent: false)?.state == .warning)
    }
}
