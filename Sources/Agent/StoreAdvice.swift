internal import AgentAPI
internal import Vault

/// What a store's state means and which command repairs it.
struct StoreAdvice: Equatable {
    var hint: String

    init(_ state: StoreState) {
        hint =
            switch state {
            case .ok, .unknown: "run 'authagent status' to see the keyring's state"
            case .locked: "unlock the keyring"
            case .noProvider: "start a keyring"
            case .noBus: "set DBUS_SESSION_BUS_ADDRESS"
            case .hung: "restart the keyring"
            case .failed: "see the agent's log"
            }
    }
}
