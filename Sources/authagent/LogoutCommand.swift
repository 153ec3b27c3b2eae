internal import AgentAPI
internal import ArgumentParser

struct LogoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Revoke logins at the provider and forget them.",
        discussion: """
            The account file stays, and so does the client, so that 'authagent login NAME' logs in again.
            """
    )

    @Argument(help: "The accounts' names.", transform: AccountName.argument)
    var accounts: [AccountName] = []

    @Flag(help: "Log out of every account.")
    var all = false

    @Flag(help: "Only forget on this machine; do not tell the provider.")
    var local = false

    @Flag(
        help: "Forget the client as well; one that the agent has registered is deleted at the provider.")
    var forgetClient = false

    @Flag(help: "Print one JSON object per account.")
    var json = false

    /// Discovery, revocation, the client's deletion and the keyring, each at its own limit.
    private static let patience: Duration = .seconds(105)

    func validate() throws {
        guard all != !accounts.isEmpty else { throw ValidationError("name the accounts, or give --all") }
    }

    func run() throws {
        let connection = try AgentConnection.open()
        var names = accounts
        if all {
            let report = try connection.request("GET", Route.accounts.path).decoded(StatusReport.self)
            names = report.accounts.map(\.account)
        }
        var first: Failure?
        for name in names {
            let body = APIJSON.encode(
                fixed: LogoutRequest(local: local ? true : nil, forgetClient: forgetClient ? true : nil))
            let response = try connection.request(
                "POST", Route.logout(name).path, body: body, within: Self.patience
            )
            do {
                let reply = try response.decoded(LogoutReply.self)
                Console.print(json ? APIJSON.text(fixed: reply) : text(reply))
                guard !reply.forgotten else { continue }
                let failure = Failure(
                    "'\(name)' is not forgotten: \(reply.reason ?? "the store failed")",
                    hint: "run 'authagent status' to see the store's state, then the same command again",
                    code: .storeUnavailable
                )
                first = first ?? failure
            } catch let failure as Failure {
                // The others are logged out all the same.
                if names.count > 1 { Console.report(failure) }
                first = first ?? failure
            }
        }
        if let first { throw first }
    }

    private func text(_ reply: LogoutReply) -> String {
        var text = "\(reply.account): \(reply.forgotten ? "forgotten" : "not forgotten"), "
        text += reply.revoked ? "revoked at the provider" : "not revoked"
        if let reason = reply.reason { text += " (\(Console.clean(reason)))" }
        if let isForgotten = reply.clientForgotten {
            text += isForgotten ? ", client deleted at the provider" : ", client not deleted at the provider"
            if let reason = reply.clientReason { text += " (\(Console.clean(reason)))" }
        }
        return text
    }
}
