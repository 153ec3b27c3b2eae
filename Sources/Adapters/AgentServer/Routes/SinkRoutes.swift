internal import AgentAPI

/// The files of tokens that the agent keeps fresh.
extension Router {
    func sinks(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in .json(service.listSinks()) }
    }

    func addSink(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            .json(try await service.addSink(try requiredBody(routed.request, SinkRequest.self)))
        }
    }

    func removeSink(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        let parameters = try QueryParameters(routed.request.query, allowed: ["path"])
        try requireAcceptable(routed.request, "application/json")
        guard let path = parameters.text("path") else {
            throw Problem(.badRequest, "the query parameter 'path' is missing", hint: "add: path=PATH, percent-encoded")
        }
        return .reply(.json(try await service.removeSink(path)))
    }
}
