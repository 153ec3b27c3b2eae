internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc

struct ApprovalsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals",
        abstract: "Show and answer requests that wait for a confirmation.",
        discussion: """
            A rule with 'confirm' lets a request wait until the agent's own user or root answers. 'authagent events' \
            shows each one as it comes.
            """,
        subcommands: [ApprovalsListCommand.self, ApproveCommand.self, DenyCommand.self],
        defaultSubcommand: ApprovalsListCommand.self
    )
}

struct ApprovalsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the requests that wait, the oldest first."
    )

    @Flag(help: "Print one JSON object with 'approvals'.")
    var json = false

    func run() throws {
        let list = try AgentConnection.open().askAcrossRestart(.approvals)
        guard !json else { return Console.print(APIJSON.text(fixed: list)) }
        guard !list.approvals.isEmpty else { return Console.print("no request waits for a confirmation") }
        let now = time(nil)
        for line in list.approvals.flatMap({ ApprovalText($0).lines(now: now) }) {
            Console.print(Console.clean(line))
        }
    }
}

struct ApproveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "approve", abstract: "Let a request go on.")

    @OptionGroup var answer: AnswerOptions

    func run() throws { try answer.send(approve: true) }
}

struct DenyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "deny", abstract: "Refuse a request.")

    @OptionGroup var answer: AnswerOptions

    func run() throws { try answer.send(approve: false) }
}

/// What both answers have in common.
struct AnswerOptions: ParsableArguments {
    @Argument(help: "The request, as 'authagent approvals' shows it.")
    var id: String

    @Flag(help: "Print one JSON object with 'id' and 'approved'.")
    var json = false

    func send(approve: Bool) throws {
        let reply = try AgentConnection.open().ask(.answer(ApprovalAnswer(id: id, approve: approve)))
        Console.print(json ? APIJSON.text(fixed: reply) : reply.approved ? "approved" : "denied")
    }
}
