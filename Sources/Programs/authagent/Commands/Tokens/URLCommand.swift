internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct URLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "url",
        abstract: "Show which account has a URL, and why.",
        discussion: """
            The account's file has a prefix of the URL in 'urls'; the longest prefix decides. Programs that know a URL \
            and no account's name get the token of that account. Exit code 1 if there is none, or if several need a \
            user name.
            """
    )

    @Argument(help: ArgumentHelp("The URL of a service, such as https://git.example.com/team/x.", valueName: "url"))
    var url: String

    @Option(help: ArgumentHelp("The user name that the program would send.", valueName: "name"))
    var username: String?

    @Flag(help: "Print one JSON object with 'account', 'url', 'file' and 'reason'.")
    var json = false

    func validate() throws {
        try RequestText.check(url, "the URL")
        if let username { try RequestText.check(username, "--username") }
    }

    func run() throws {
        let reply = try AgentConnection.open().askAcrossRestart(.account(forURL: url, username: username))
        guard !json else { return Console.print(APIJSON.text(fixed: reply)) }
        let rows: [(String, String?)] = [
            ("url", reply.url), ("file", reply.file), ("git_username", reply.gitUsername),
            ("registry_username", reply.registryUsername), ("reason", reply.reason),
        ]
        let lines = [reply.account.description] + rows.compactMap { name, value in value.map { "  \(name): \($0)" } }
        Console.print(lines.map(Console.clean).joined(separator: "\n"))
    }
}
