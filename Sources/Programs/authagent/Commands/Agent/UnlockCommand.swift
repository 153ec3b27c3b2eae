internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc

struct UnlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Unlock the agent, and the sealed store.",
        discussion: """
            Asks for the passphrase that 'authagent lock --passphrase' was given, or that keeps the sealed store, if there \
            is one: on the terminal, else from standard input. After each wrong one the next takes longer to be checked.
            """
    )

    func run() throws {
        let isAsked = try isPassphraseRequired()
        if isAsked { try ask(UnlockRequest(passphrase: try PassphraseInput.read())) }
        Console.print("unlocked")
        // Reading input that is not needed could block for good.
        if !isAsked, isatty(STDIN_FILENO) == 0 { Console.note("no passphrase was needed, and none was read") }
    }

    /// Unlocks without a passphrase; returns whether one is needed.
    private func isPassphraseRequired() throws -> Bool {
        do { try ask(UnlockRequest()) } catch AgentClientError.problem(let problem) {
            guard problem.reason == Problem.passphraseRequired else { throw Failure(problem) }
            return true
        }
        return false
    }

    private func ask(_ request: UnlockRequest) throws { _ = try AgentConnection.open().ask(.unlock(request)) }
}
