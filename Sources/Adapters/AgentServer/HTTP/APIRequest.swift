internal import AgentAPI
internal import NIOHTTP1
internal import SecretMemory

/// One complete request, as far as the API cares.
struct APIRequest: Sendable {
    var method: String
    var target: RequestTarget
    var preference: MediaTypePreference
    /// The fields that say how the body is to be read.
    var contentTypes: [String]
    var contentEncodings: [String]
    /// Nil: there is nothing at this path.
    var route: Route?
    /// As often as the client has sent it.
    var lastEventID: [String]
    var body: WipedBytes

    init(_ head: HTTPRequestHead, body: WipedBytes) throws(Problem) {
        method = head.method.rawValue
        target = try RequestTarget(head.uri, method: method)
        preference = MediaTypePreference(head.headers["accept"])
        contentTypes = head.headers["content-type"]
        contentEncodings = head.headers[canonicalForm: "content-encoding"].map(String.init)
        route = Route(path: target.path)
        lastEventID = head.headers["last-event-id"]
        self.body = body
    }

    var path: String { target.path }
    var query: Substring? { target.query }

    func accepts(_ mediaType: String) -> Bool { preference.weight(of: mediaType) > 0 }
}
