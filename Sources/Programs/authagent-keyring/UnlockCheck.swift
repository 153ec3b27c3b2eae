internal import Glibc
internal import KeyringProtocol

/// `authagent-keyring check`: reports whether the session's keyring is unlocked. For a unit that starts a keyring:
/// gnome-keyring starts with a wrong password as with the right one.
enum UnlockCheck {
    /// gnome-keyring owns its bus name a moment before its collection is unlocked or, at first, created.
    private static let patience: Duration = .seconds(5)

    /// Runs the check; returns the exit code.
    static func run() -> Int32 {
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(KeyringFailure) {
                let bus = try SessionBus()
                let provider = try bus.provider()
                _ = try bus.unlockedCollection(of: provider)
                print("the keyring is unlocked")
                return 0
            } catch {
                guard ContinuousClock.now < deadline else { return report(error) }
            }
            usleep(100_000)
        }
    }

    private static func report(_ failure: KeyringFailure) -> Int32 {
        var text = "authagent-keyring: error: \(failure.detail)\n"
        if failure.state == .locked {
            text += """
                authagent-keyring: hint: it was started with a password that is not its own: give it that one, \
                or move ~/.local/share/keyrings/login.keyring away to begin with an empty keyring

                """
        }
        _ = write(STDERR_FILENO, text, text.utf8.count)
        return 1
    }
}
