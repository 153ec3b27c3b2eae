internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Print what happens to the accounts, as it happens.",
        discussion: """
            One line for each event: time, event, account or '-', and what there is to say. It goes on until Ctrl-C, or \
            until the agent ends.
            """
    )

    @Option(help: ArgumentHelp("Begin with the event after this one.", valueName: "id"))
    var after: String?

    @Flag(help: "Print one JSON object per event.")
    var json = false

    func validate() throws {
        if let after, EventID(after) == nil { throw ValidationError("--after is an id that an event had") }
    }

    func run() throws {
        let connection = try AgentConnection.open()
        try connection.begin(.events(after: after))
        let events = EventStream<ReceivedEventReader>(connection)
        var last = after
        while let received = try next(of: events, last) {
            last = received.id
            Console.print(json ? APIJSON.text(fixed: received.content) : EventLine(received).text)
        }
        throw Self.ended(last)
    }

    /// A stream that breaks off is the same to people as one that ends.
    private func next(of events: EventStream<ReceivedEventReader>, _ last: String?) throws -> ReceivedEvent? {
        do { return try events.next() } catch AgentClientError.lost { throw Self.ended(last) }
    }

    private static func ended(_ last: String?) -> Failure {
        let again = "authagent events" + (last.map { " --after \($0)" } ?? "")
        return Failure("the agent ended", hint: "run '\(again)' to go on", code: .agentUnreachable)
    }
}
