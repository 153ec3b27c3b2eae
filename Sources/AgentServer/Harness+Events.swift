internal import AgentAPI

extension Harness {
    /// Server-sent events: all, or those that a stranger may know of. With HEAD nobody begins to watch.
    func events(
        _ request: APIRequest, _ visible: (@Sendable (AccountName) -> Bool)?
    ) throws(Problem) -> StreamedReply {
        try requireAcceptable(request, AgentEvent.mediaType)
        guard request.lastEventID.count <= 1 else {
            throw Problem(.badRequest, "Last-Event-ID comes twice", hint: "send the id of the last event that came")
        }
        guard request.method != "HEAD" else { return .head(AgentEvent.mediaType) }
        let watch = service.events(after: request.lastEventID.first)
        return .serverSentEvents(watch) { event in visible.map { event.forStrangers(seeing: $0) } ?? event }
    }
}
