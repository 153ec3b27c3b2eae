internal import AgentAPI
internal import ArgumentParser

struct UnlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Open the sealed store with its passphrase.",
        discussion: """
            Asks on the terminal; else reads the passphrase from standard input. After each wrong one the next takes \
            longer to be checked. A store whose key is in a file or a systemd credential opens by itself.
            """
    )

    /// The longest wait after wrong passphrases is a minute, and checking one takes a moment.
    private static let patience: Duration = .seconds(75)

    func run() throws {
        let request = UnlockRequest(passphrase: try PassphraseInput.read())
        _ = try AgentConnection.open().request(
            "POST", Route.unlock.path, body: APIJSON.encode(fixed: request), within: Self.patience
        ).decoded(UnlockReply.self)
        Console.print("unlocked")
    }
}
