internal import AgentAPI
internal import Formats
internal import Metrics

/// Events and metrics.
extension Router {
    /// Streams server-sent events. HEAD does not start a watch.
    func events(_ request: APIRequest, _ view: AccessView) async throws(Problem) -> Answer {
        _ = try QueryParameters(request.query, allowed: [])
        try requireAcceptable(request, AgentEvent.mediaType)
        guard request.lastEventID.count <= 1 else {
            throw Problem(.badRequest, "Last-Event-ID is repeated", hint: "send the id of the last received event")
        }
        guard request.method != "HEAD" else { return .stream(.head(AgentEvent.mediaType)) }
        return .stream(.serverSentEvents(service.events(after: request.lastEventID.first)) { view.seen($0) })
    }

    /// Sends metrics in Prometheus' text format. Callers that see only some accounts get the series of those, and none
    /// of the agent as a whole.
    func metrics(_ request: APIRequest, _ view: AccessView) async throws(Problem) -> Answer {
        _ = try QueryParameters(request.query, allowed: [])
        try requireAcceptable(request, MetricsText.mediaType)
        var page = MetricsText()
        for source in sources {
            if view.seesAgent { source.write(into: &page) }
            source.writeAccounts(where: view.isVisible, into: &page)
        }
        return .reply(Reply(status: 200, contentType: MetricsText.contentType, body: Array(page.text.utf8)))
    }
}
