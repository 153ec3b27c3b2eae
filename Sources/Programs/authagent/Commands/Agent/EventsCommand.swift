internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Print account events as they happen.",
        discussion: """
            One line for each event: time, event, account or '-', and details. Runs until Ctrl-C, or until the agent \
            ends.
            """
    )

    @Option(help: ArgumentHelp("Begin with the event after this one.", valueName: "id"))
    var after: String?

    @Flag(help: "Print one JSON object per event.")
    var json = false

    func validate() throws {
        if let after, EventID(after) == nil { throw ValidationError("--after must be the id of an event") }
    }

    func run() throws {
        let connection = try AgentConnection.open()
        var last = after.flatMap { EventID($0) }
        try connection.begin(.events(after: last))
        let events = EventStream<AgentEventReader>(connection)
        while let event = try next(of: events, last) {
            last = event.id
            Console.print(json ? APIJSON.text(fixed: event) : EventLine(event).text)
        }
        throw Self.ended(last)
    }

    /// The next event; `nil` if the stream ends or breaks.
    private func next(of events: EventStream<AgentEventReader>, _ last: EventID?) throws -> AgentEvent? {
        do { return try events.next() } catch AgentClientError.lost { throw Self.ended(last) }
    }

    private static func ended(_ last: EventID?) -> Failure {
        let again = "authagent events" + (last.map { " --after \($0)" } ?? "")
        return Failure("the agent ended", hint: "run '\(again)' to continue", code: .agentUnreachable)
    }
}
