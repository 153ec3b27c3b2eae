package import AgentAPI
internal import Vault

/// The command that repairs a state of the keyring.
package struct StoreAdvice: Equatable {
    package var hint: String

    package init(_ state: StoreState) {
        hint =
            switch state {
            case .ok, .unknown: "run 'authagent status' to see the keyring's state"
            case .locked: "unlock it at the desktop, or run '\(Self.unlock(replacing: true))'"
            case .noProvider:
                "run '\(Self.unlock(replacing: false))' to start a keyring, or log in with --store memory"
            case .noBus:
                "run 'authagent stop', then try again where DBUS_SESSION_BUS_ADDRESS is set, for example under"
                    + " 'dbus-run-session bash'; or log in with --store memory"
            case .hung: "run 'pkill -KILL -x gnome-keyring-d', then '\(Self.unlock(replacing: true))'"
            case .failed: "run '\(Self.unlock(replacing: true))' to start the keyring anew"
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
