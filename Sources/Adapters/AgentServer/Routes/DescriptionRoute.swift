internal import AgentAPI
internal import COpenAPI

/// The description of this API.
extension Router {
    static let openAPIMediaType = "application/vnd.oai.openapi+json"

    /// JSON for clients that accept everything.
    func description(_ routed: RoutedRequest) async throws(Problem) -> Answer {
        _ = try QueryParameters(routed.request.query, allowed: [])
        return .reply(try description(routed.request))
    }

    private func description(_ request: APIRequest) throws(Problem) -> Reply {
        if request.accepts("application/json") {
            return Reply(status: 200, contentType: "application/json", body: Self.document)
        }
        guard request.accepts(Self.openAPIMediaType) else { throw notAcceptable("application/json") }
        return Reply(status: 200, contentType: "\(Self.openAPIMediaType);version=3.1", body: Self.document)
    }

    /// Copied for each reply: hardly anybody asks for it, and the agent is small.
    private static var document: [UInt8] {
        var size = 0
        let bytes = openapi_document(&size)
        return Array(UnsafeBufferPointer(start: bytes, count: size))
    }
}
