internal import AgentAPI
internal import Formats

/// What a request is for: the part of its first line between the method and the version (RFC 9112 §3.2).
struct RequestTarget: Sendable {
    /// Percent-decoded.
    let path: String
    /// Without the question mark; nil when there is none.
    let query: Substring?

    init(_ text: String, method: String) throws(Problem) {
        // What is no URI is read in one way here and in another one there; a fragment is never sent (RFC 9110 §7.1).
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw Self.invalid("holds characters that belong in none")
        }
        let origin = method == "OPTIONS" && text == "*" ? text[...] : Self.originForm(text)
        guard let origin, method != "CONNECT" else { throw Self.invalid("is neither a path nor an http URL") }
        let mark = origin.firstIndex(of: "?")
        path = Self.decodedPath(mark.map { origin[..<$0] } ?? origin)
        query = mark.map { origin[origin.index(after: $0)...] }
    }

    private static func invalid(_ words: String) -> Problem {
        Problem(.badRequest, "the request's target \(words)", hint: "see authagent-api(7)")
    }

    /// Without the scheme and the authority that a client for proxies sends (RFC 9112 §3.2.2). Nil for another form.
    private static func originForm(_ text: String) -> Substring? {
        if text.hasPrefix("/") { return text[...] }
        guard let authority = authority(text), !authority.isEmpty else { return nil }
        let origin = text[authority.endIndex...]
        return origin.hasPrefix("/") ? origin : "/" + origin
    }

    /// Of an http URL, with a user if it names one; `nil` for another form.
    static func authority(_ text: String) -> Substring? {
        let scheme = "http://"
        guard text.prefix(scheme.count).lowercased() == scheme else { return nil }
        return text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
    }

    /// A slash that is encoded separates nothing (RFC 3986 §2.2); as no name here has one, such a path stays as it is.
    private static func decodedPath(_ path: Substring) -> String {
        guard path.utf8.contains(UInt8(ascii: "%")) else { return String(path) }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
            PercentEncoding.decodeText($0, plusIsSpace: false)
        }
        guard segments.allSatisfy({ $0 != nil && $0?.contains("/") == false }) else { return String(path) }
        return segments.compactMap(\.self).joined(separator: "/")
    }
}
