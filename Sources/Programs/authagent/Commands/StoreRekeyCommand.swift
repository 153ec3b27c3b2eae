internal import AgentAPI
internal import ArgumentParser

struct StoreRekeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Put another key in the place of the sealed store's.",
        discussion: """
            The store must be open. A passphrase that is asked for is the new one. The records stay sealed as they were: \
            against whoever has the earlier key and a copy of the files, log out and make a new store.
            """
    )

    @OptionGroup var key: StoreKeyOptions

    func run() throws {
        let reply = try StoreCommand.perform(key.request(.rekey))
        Console.print("the sealed store has a new key: \(Console.clean(reply.store.keyWords ?? "unknown"))")
    }
}
