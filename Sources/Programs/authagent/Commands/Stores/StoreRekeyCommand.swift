internal import AgentAPI
internal import ArgumentParser

struct StoreRekeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Replace the key of the sealed store.",
        discussion: """
            The store must be unlocked. The passphrase that is read is the new one. Records are not sealed again: if an \
            attacker may have the old key and a copy of the files, log out and create a new store.
            """
    )

    @OptionGroup var key: StoreKeyOptions

    func run() throws {
        let reply = try StoreCommand.perform(key.request(.rekey))
        Console.print("the sealed store has a new key: \(Console.clean(reply.store.keyWords ?? "unknown"))")
    }
}
