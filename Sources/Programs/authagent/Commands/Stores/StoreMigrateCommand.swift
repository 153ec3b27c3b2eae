internal import AgentAPI
internal import ArgumentParser

struct StoreMigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Move every account into the keyring, or into the sealed store.",
        discussion: """
            Each account is copied, read back, set to its new store, and then removed from the old one. One that cannot \
            be moved stays as it was. Accounts of --store memory are left alone.
            """
    )

    @Argument(help: "keyring or sealed.")
    var target: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard ["keyring", "sealed"].contains(target) else { throw ValidationError("the target is keyring or sealed") }
    }

    func run() throws {
        let reply = try StoreCommand.perform(StoreRequest(.migrate, target: target))
        let accounts = reply.moved ?? []
        if json {
            Console.print(APIJSON.text(fixed: reply))
        } else {
            for account in accounts {
                let reason = account.reason.map { " (\(Console.clean($0)))" } ?? ""
                Console.print("\(account.account): \(account.moved ? "moved to \(target)" : "not moved")\(reason)")
            }
            if accounts.isEmpty { Console.print("nothing to move") }
        }
        let failed = accounts.count { !$0.moved }
        guard failed > 0 else { return }
        throw Failure(
            "\(failed) of \(accounts.count) accounts were not moved and stay in their store",
            hint: "fix the reason given for each, then run the same command again", code: .storeUnavailable
        )
    }
}
