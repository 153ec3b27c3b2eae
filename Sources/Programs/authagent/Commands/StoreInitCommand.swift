internal import AgentAPI
internal import ArgumentParser

struct StoreInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the sealed store.",
        discussion: "It can be used at once. Whoever loses its key loses the logins in it, and has to log in again."
    )

    @OptionGroup var key: StoreKeyOptions

    func run() throws {
        let reply = try StoreCommand.perform(key.request(.initialize))
        Console.print("sealed store made, key: \(Console.clean(reply.store.keyWords ?? "unknown"))")
    }
}
