internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Show, create and change the stores of logins.",
        discussion: """
            The keyring is the desktop's. The sealed store is encrypted files, for machines with no desktop; \
            'authagent store init' creates it, and 'authagent login NAME --store sealed' uses it.
            """,
        subcommands: [
            StoreInitCommand.self, StoreStatusCommand.self, StoreRekeyCommand.self, StoreMigrateCommand.self,
        ]
    )

    /// Sends a store operation.
    static func perform(_ change: StoreRequest) throws -> StoreReply {
        try AgentConnection.open().ask(.changeStore(change))
    }
}
