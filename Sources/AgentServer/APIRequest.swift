internal import AgentAPI
internal import NIOHTTP1

/// One complete request, as far as the API cares.
struct APIRequest: Sendable {
    var method: String
    /// Percent-decoded.
    var path: String
    /// Nil: there is nothing at this path.
    var route: Route?
    /// Without the question mark; nil when there is none.
    var query: Substring?
    var accept: String?
    var contentType: String?
    /// As often as the client has sent it.
    var lastEventID: [String]
    var body: [UInt8]

    init(_ head: HTTPRequestHead, body: [UInt8]) {
        method = head.method.rawValue
        let target = Self.originForm(head.uri)
        let mark = target.firstIndex(of: "?")
        path = Self.decodedPath(mark.map { target[..<$0] } ?? target)
        route = Route(path: path)
        query = mark.map { target[target.index(after: $0)...] }
        let ranges = head.headers["accept"]
        accept = ranges.isEmpty ? nil : ranges.joined(separator: ",")
        contentType = head.headers.first(name: "content-type")
        lastEventID = head.headers["last-event-id"]
        self.body = body
    }

    /// Whether the client takes this media type (RFC 9110 §12.5.1; weights only order, except that 0 excludes).
    func accepts(_ mediaType: String) -> Bool {
        guard let accept else { return true }
        let kind = mediaType.prefix { $0 != "/" }
        return accept.split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            let isExcluded = parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
            return !isExcluded && ["*/*", "\(kind)/*", mediaType].contains(parts.first ?? "")
        }
    }

    /// Without the scheme and the authority that a client for proxies sends (RFC 9112 §3.2.2).
    private static func originForm(_ uri: String) -> Substring {
        let scheme = "http://"
        guard uri.prefix(scheme.count).lowercased() == scheme else { return uri[...] }
        return uri.dropFirst(scheme.count).drop { $0 != "/" }
    }

    /// A slash that is encoded separates nothing (RFC 3986 §2.2); as no name here has one, such a path stays as it is.
    private static func decodedPath(_ path: Substring) -> String {
        guard path.utf8.contains(UInt8(ascii: "%")) else { return String(path) }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
            PercentEncoding.decoded($0, plusIsSpace: false)
        }
        guard segments.allSatisfy({ $0 != nil && $0?.contains("/") == false }) else { return String(path) }
        return segments.compactMap(\.self).joined(separator: "/")
    }
}
