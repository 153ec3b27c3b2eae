internal import Glibc
internal import KeyringProtocol

/// `authagent-keyring check`: tells whether the session's keyring is unlocked. For a unit that starts a keyring, because
/// gnome-keyring starts with a wrong password as well as with the right one.
enum UnlockCheck {
    /// gnome-keyring is on the bus a moment before its collection is unlocked, or, on the first day, made.
    private static let patience: Duration = .seconds(5)

    /// The exit status.
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
