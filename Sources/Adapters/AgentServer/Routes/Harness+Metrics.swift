internal import AgentAPI
internal import Formats
internal import Metrics

extension Harness {
    /// Prometheus' text format. Made for each request, so that it costs nothing while nobody looks.
    ///
    /// Whoever sees some accounts only gets their series, and none of the agent as a whole.
    func metrics(_ request: APIRequest, _ view: AccessView) throws(Problem) -> Reply {
        try requireAcceptable(request, Exposition.mediaType)
        var page = Exposition()
        for source in sources {
            if view.seesAgent { source.write(into: &page) }
            source.writeAccounts(where: view.isVisible, into: &page)
        }
        return Reply(status: 200, contentType: Exposition.contentType, body: Array(page.text.utf8))
    }
}
