internal import AgentAPI
internal import ArgumentParser

struct StoreInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Create the sealed store.",
        discussion: "It can be used at once. If its key is lost, its logins are lost too: log in again."
    )

    @OptionGroup var key: StoreKeyOptions

    func run() throws {
        let reply = try StoreCommand.perform(key.request(.initialize))
        Console.print("sealed store created, key: \(Console.clean(reply.store.keyWords ?? "unknown"))")
    }
}
