internal import AgentAPI

extension Harness {
    /// Server-sent events. With HEAD nobody begins to watch.
    func events(_ request: APIRequest, _ view: AccessView) throws(Problem) -> StreamedReply {
        try requireAcceptable(request, AgentEvent.mediaType)
        guard request.lastEventID.count <= 1 else {
            throw Problem(.badRequest, "Last-Event-ID comes twice", hint: "send the id of the last event that came")
        }
        guard request.method != "HEAD" else { return .head(AgentEvent.mediaType) }
        return .serverSentEvents(service.events(after: request.lastEventID.first)) { view.seen($0) }
    }
}
