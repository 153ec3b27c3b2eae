internal import AgentAPI
internal import ArgumentParser

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "See, make and change the stores that keep logins.",
        discussion: """
            The keyring is the desktop's. The sealed store is encrypted files, for machines with no desktop; \
            'authagent store init' makes it, and 'authagent login NAME --store sealed' uses it.
            """,
        subcommands: [
            StoreInitCommand.self, StoreStatusCommand.self, StoreRekeyCommand.self, StoreMigrateCommand.self,
        ]
    )

    /// Sends one operation.
    static func perform(_ request: StoreRequest, within limit: Duration) throws -> StoreReply {
        try AgentConnection.open().request(
            "POST", Route.store.path, body: APIJSON.encode(fixed: request), within: limit
        ).decoded(StoreReply.self)
    }
}
