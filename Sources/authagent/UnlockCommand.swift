internal import AgentAPI
internal import ArgumentParser
internal import Glibc

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
        let isAsked = reply.status != 200 && reply.problem.reason == Problem.passphraseRequired
        if isAsked {
            reply = try ask(UnlockRequest(passphrase: try PassphraseInput.read()))
        }
        _ = try reply.decoded(UnlockReply.self)
        Console.print("unlocked")
        // Reading it all the same could wait for ever, for input that nobody means to give.
        if !isAsked, isatty(STDIN_FILENO) == 0 { Console.note("nothing needed a passphrase, and none was read") }
    }

    private func ask(_ request: UnlockRequest) throws -> AgentConnection.Response {
        try AgentConnection.open().request(
            "POST", Route.unlock.path, body: APIJSON.encode(fixed: request), within: Self.patience)
    }
}
