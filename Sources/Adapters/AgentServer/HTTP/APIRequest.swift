internal import AgentAPI
internal import NIOHTTP1
internal import SecretMemory

/// One complete request, reduced to what the API uses.
struct APIRequest: Sendable {
    var method: String
    var target: RequestTarget
    var preference: MediaTypePreference
    /// The values of Content-Type. More than one is an error.
    var contentTypes: [String]
    var contentEncodings: [String]
    /// `nil` if the path names no resource.
    var route: Route?
    /// The values of Last-Event-ID. More than one is an error.
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
