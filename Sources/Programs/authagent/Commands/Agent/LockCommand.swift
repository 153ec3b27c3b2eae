internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct LockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Drop every token from the agent's memory, and serve none until 'authagent unlock'.",
        discussion: """
            Pending logins are cancelled. A sealed store with a passphrase is locked too, and 'authagent unlock' asks for \
            the passphrase. A restarted agent is not locked.
            """
    )

    @Flag(help: "Require a passphrase to unlock, read now from the terminal or standard input.")
    var passphrase = false

    func run() throws {
        let request = LockRequest(passphrase: passphrase ? try PassphraseInput.read(isNew: true) : nil)
        let reply = try AgentConnection.open().ask(.lock(request))
        Console.print("locked")
        Console.note(filesLeft: reply.filesLeft)
    }
}
