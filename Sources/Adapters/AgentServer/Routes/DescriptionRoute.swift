internal import AgentAPI
internal import COpenAPI

/// The OpenAPI description of this API.
extension Router {
    static let openAPIMediaType = "application/vnd.oai.openapi+json"

    /// Sends the document as `application/json` if the client accepts that, else as OpenAPI's own media type.
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

    /// Copied for each reply: requests are rare, and a kept copy would cost memory.
    private static var document: [UInt8] {
        var size = 0
        let bytes = openapi_document(&size)
        return Array(UnsafeBufferPointer(start: bytes, count: size))
    }
}
