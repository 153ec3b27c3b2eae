internal import AgentAPI
package import Vault

/// The command that repairs a store: the store's own word, or what a state of the keyring needs.
package struct StoreAdvice: Equatable {
    package var hint: String

    init(_ failure: StoreFailure) { self.init(failure.state, failure.hint, failure.detail) }

    package init(_ status: StoreStatus) { self.init(status.state, status.hint, status.detail) }

    private init(_ state: StoreState, _ own: String?, _ detail: String?) {
        let isWithoutKeyring = state == .noProvider || state == .noBus
        let other = isWithoutKeyring ? "; or use the sealed store, see 'authagent store init --help'" : ""
        hint = own ?? Self.repair(state, detail) + other
    }

    /// For a login whose account has chosen no store, and that cannot have the keyring: commands that help, for either.
    init(_ failure: StoreFailure, account: AccountName, hasFile: Bool, sealed: StoreState) {
        let again = hasFile ? "'authagent login \(account) --store sealed'" : "the same login with --store sealed"
        let way =
            switch sealed {
            case .notInitialized:
                "run 'authagent store init --passphrase' (or --key-file FILE, or --credential), then \(again)"
            case .locked: "run 'authagent unlock', then \(again)"
            default: "run \(again)"
            }
        let keyring = failure.hint ?? Self.repair(failure.state, failure.detail)
        hint = "for the sealed store, \(way); for the keyring, \(keyring)"
    }

    private static func repair(_ state: StoreState, _ detail: String?) -> String {
        switch state {
        case .ok, .unknown: "run 'authagent status' to see the store's state"
        case .notInitialized: "run 'authagent store init --passphrase'"
        case .locked: "unlock it at the desktop, or run '\(unlock(replacing: true))'"
        case .noProvider: "run '\(unlock(replacing: false))' to start a keyring"
        // What the variable says is obeyed, so that it has to go.
        case .noBus where detail?.contains("DBUS_SESSION_BUS_ADDRESS=") == true:
            "run 'unset DBUS_SESSION_BUS_ADDRESS' and 'authagent stop', then try again where a bus runs, for example"
                + " under 'dbus-run-session bash'"
        case .noBus where detail?.contains("XDG_RUNTIME_DIR=") == true:
            "run 'unset XDG_RUNTIME_DIR' and 'authagent stop', then try again"
        case .noBus:
            "run 'authagent stop', then try again where DBUS_SESSION_BUS_ADDRESS is set, for example under"
                + " 'dbus-run-session bash'"
        case .hung: "run 'pkill -KILL -u $(id -u) -x gnome-keyring-d', then '\(unlock(replacing: true))'"
        case .failed: "run '\(unlock(replacing: true))' to start the keyring anew"
        }
    }

    /// The command that gives a keyring its default collection, and the collection a password.
    package static let makeCollection = "run '\(unlock(replacing: true))' to make one with a password of your choice"

    /// Asks for the keyring's password, and starts gnome-keyring with it.
    ///
    /// `printf`, because a line break at the end would belong to the password; `--replace`, because a locked daemon that
    /// runs already takes no password from anybody.
    private static func unlock(replacing: Bool) -> String {
        let replace = replacing ? " --replace" : ""
        return "read -rs P; printf %s \"$P\" | gnome-keyring-daemon\(replace) --unlock --components=secrets"
    }
}
