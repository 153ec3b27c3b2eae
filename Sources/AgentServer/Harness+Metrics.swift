internal import AgentAPI
internal import Metrics

extension Harness {
    /// Prometheus' text format. Made for each request, so that it costs nothing while nobody looks.
    func metrics(_ request: APIRequest) throws(Problem) -> Reply {
        try requireAcceptable(request, Exposition.mediaType)
        var page = Exposition()
        for source in sources { source.write(into: &page) }
        return Reply(status: 200, contentType: Exposition.contentType, body: Array(page.text.utf8))
    }
}
