package import AgentAPI
package import Vault

/// The command that repairs a store: the store's own hint, or the one for the keyring's state.
package struct StoreAdvice: Equatable {
    package var hint: String

    package init(_ failure: StoreFailure) { self.init(StoreStatus(failure)) }

    package init(_ status: StoreStatus) {
        let isWithoutKeyring = status.state == .noProvider || status.state == .noBus
        let other = isWithoutKeyring ? "; or use the sealed store, see 'authagent store init --help'" : ""
        hint = status.hint ?? Self.repair(status) + other
    }

    /// Creates the hint for a login without a configured store and without a keyring: commands for either store.
    package init(_ failure: StoreFailure, account: AccountName, hasFile: Bool, sealed: StoreState) {
        let again = hasFile ? "'authagent login \(account) --store sealed'" : "the same login with --store sealed"
        let way =
            switch sealed {
            case .notInitialized:
                "run 'authagent store init --passphrase' (or --key-file FILE, or --credential), then \(again)"
            case .locked: "run 'authagent unlock', then \(again)"
            default: "run \(again)"
            }
        let keyring = failure.hint ?? Self.repair(StoreStatus(failure))
        hint = "for the sealed store, \(way); for the keyring, \(keyring)"
    }

    private static func repair(_ status: StoreStatus) -> String {
        switch status.state {
        case .ok, .unknown: "run 'authagent status' to see the store's state"
        case .notInitialized: "run 'authagent store init --passphrase'"
        case .noProvider: "run '\(unlock(replacing: false))' to start a keyring"
        case .noBus: findBus(status.detail)
        case .locked where status.item != nil: KeyringProgram(status.program).allowItem
        case .locked: KeyringProgram(status.program).unlock
        case .hung: KeyringProgram(status.program).endHang
        case .failed where status.hasCollection == false: KeyringProgram(status.program).makeCollection
        case .failed: KeyringProgram(status.program).startAnew
        }
    }

    private static func findBus(_ detail: String?) -> String {
        // A wrong address in the variable is still used: it must be unset.
        if detail?.contains("DBUS_SESSION_BUS_ADDRESS=") == true {
            return "run 'unset DBUS_SESSION_BUS_ADDRESS' and 'authagent stop', then try again where a bus runs, for"
                + " example under 'dbus-run-session bash'"
        }
        if detail?.contains("XDG_RUNTIME_DIR=") == true {
            return "run 'unset XDG_RUNTIME_DIR' and 'authagent stop', then try again"
        }
        return "run 'authagent stop', then try again where DBUS_SESSION_BUS_ADDRESS is set, for example under"
            + " 'dbus-run-session bash'"
    }

    /// Returns the command that prompts for the keyring's password and starts gnome-keyring with it.
    ///
    /// `printf`, because a trailing newline would be part of the password. `--replace`, because a running locked daemon
    /// does not accept a password.
    static func unlock(replacing: Bool) -> String {
        let replace = replacing ? " --replace" : ""
        return "read -rs P; printf %s \"$P\" | gnome-keyring-daemon\(replace) --unlock --components=secrets"
    }
}
