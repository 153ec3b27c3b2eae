internal import AgentAPI
internal import ArgumentParser

struct StoreRekeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Put another key in the place of the sealed store's.",
        discussion: "The store must be open. A passphrase that is asked for is the new one."
    )

    @OptionGroup var key: StoreKeyOptions

    func run() throws {
        let reply = try StoreCommand.perform(key.request(.rekey), within: StoreKeyOptions.patience)
        Console.print("the sealed store has a new key: \(Console.clean(reply.store.keyWords ?? "unknown"))")
    }
}
