internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

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

    @Flag(help: "Only delete it here; do not revoke it at the provider.")
    var local = false

    @Flag(
        help: "Forget the client as well; one that the agent has registered is deleted at the provider.")
    var forgetClient = false

    @Flag(help: "Print one JSON object per account.")
    var json = false

    func validate() throws {
        guard all != !accounts.isEmpty else { throw ValidationError("name the accounts, or give --all") }
    }

    func run() throws {
        let connection = try AgentConnection.open()
        var names = accounts
        if all {
            names = try connection.ask(.status).accounts.map(\.account)
        }
        var first: Failure?
        for name in names {
            let options = LogoutRequest(local: local ? true : nil, forgetClient: forgetClient ? true : nil)
            do throws(AgentClientError) {
                let reply = try connection.ask(.logout(name, options))
                Console.print(json ? APIJSON.text(fixed: reply) : text(reply))
                Console.note(filesLeft: reply.filesLeft)
                guard !reply.forgotten else { continue }
                let failure = Failure(
                    "'\(name)' is not forgotten: \(reply.reason ?? "the store failed")",
                    hint: "run 'authagent status' to see the store's state, then the same command again",
                    code: .storeUnavailable
                )
                first = first ?? failure
            } catch {
                guard case .problem(let problem) = error else { throw error }
                let failure = Failure(problem)
                // A failure does not stop the logout of the other accounts.
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
