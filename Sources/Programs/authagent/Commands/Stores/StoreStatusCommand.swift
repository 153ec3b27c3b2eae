internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct StoreStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the keyring's and the sealed store's state."
    )

    @Flag(help: "Print one JSON object with 'stores'.")
    var json = false

    func run() throws {
        let report = try AgentConnection.open().askAcrossRestart(.stores)
        guard !json else { return Console.print(APIJSON.text(fixed: report)) }
        for store in report.stores {
            var lines = ["\(store.store): \(store.state.rawValue)" + (store.detail.map { " (\($0))" } ?? "")]
            lines.append("  accounts: \(store.accounts)")
            if let key = store.keyWords { lines.append("  key: \(key)") }
            if let directory = store.directory { lines.append("  files: \(directory), \(store.records ?? 0) records") }
            if let hint = store.hint { lines.append("  hint: \(hint)") }
            for line in lines { Console.print(Console.clean(line)) }
        }
    }
}
