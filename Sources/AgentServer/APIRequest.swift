internal import AgentAPI
internal import NIOHTTP1

/// One complete request, as far as the API cares.
struct APIRequest: Sendable {
    var method: String
    var path: Substring
    /// Without the question mark; nil when there is none.
    var query: Substring?
    var accept: String?
    var contentType: String?
    var body: [UInt8]

    init(_ head: HTTPRequestHead, body: [UInt8]) {
        method = head.method.rawValue
        let uri = head.uri[...]
        let mark = uri.firstIndex(of: "?")
        path = mark.map { uri[..<$0] } ?? uri
        query = mark.map { uri[uri.index(after: $0)...] }
        accept = head.headers.first(name: "accept")
        contentType = head.headers.first(name: "content-type")
        self.body = body
    }

    /// Whether the client takes this media type (RFC 9110 §12.5.1; weights only order, except that 0 excludes).
    func accepts(_ mediaType: String) -> Bool {
        guard let accept else { return true }
        let kind = mediaType.prefix { $0 != "/" }
        return accept.split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            let isExcluded = parts.dropFirst().contains { $0 == "q=0" || $0 == "q=0.0" }
            return !isExcluded && ["*/*", "\(kind)/*", mediaType].contains(parts.first ?? "")
        }
    }
}
