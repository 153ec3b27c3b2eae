internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct LockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Drop every token from the agent's memory, and serve none until 'authagent unlock'.",
        discussion: """
            Pending logins are cancelled. A sealed store that is kept by a passphrase is closed, and unlocking asks for \
            that passphrase. The lock is the agent's: one that is started anew is not locked.
            """
    )

    @Flag(help: "Have unlocking ask for a passphrase, which is asked for now, or read from standard input.")
    var passphrase = false

    func run() throws {
        let request = LockRequest(passphrase: passphrase ? try PassphraseInput.read(isNew: true) : nil)
        _ = try AgentConnection.open().ask(.lock(request))
        Console.print("locked")
    }
}
