internal import AgentAPI
internal import ArgumentParser

struct UnlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Have the agent serve tokens again, and open the sealed store.",
        discussion: """
            Asks for the passphrase that 'authagent lock --passphrase' was given, or that keeps the sealed store, if there \
            is one: on the terminal, else from standard input. After each wrong one the next takes longer to be checked.
            """
    )

    /// The longest wait after wrong passphrases is a minute, and checking one takes a moment.
    private static let patience: Duration = .seconds(75)

    func run() throws {
        var reply = try ask(UnlockRequest())
        if reply.status != 200, reply.problem.reason == Problem.passphraseRequired {
            reply = try ask(UnlockRequest(passphrase: try PassphraseInput.read()))
        }
        _ = try reply.decoded(UnlockReply.self)
        Console.print("unlocked")
    }

    private func ask(_ request: UnlockRequest) throws -> AgentConnection.Response {
        try AgentConnection.open().request(
            "POST", Route.unlock.path, body: APIJSON.encode(request), within: Self.patience)
    }
}
