internal import AgentAPI
internal import Formats

/// A request target: the part of the request line between the method and the version (RFC 9112 §3.2).
struct RequestTarget: Sendable {
    /// Percent-decoded.
    let path: String
    /// Without the question mark; `nil` if the target has no query.
    let query: Substring?

    init(_ text: String, method: String) throws(Problem) {
        // Parsers disagree about targets that are not URIs. A fragment is never sent (RFC 9110 §7.1).
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw Self.invalid("has characters that a URI cannot have")
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

    /// Removes scheme and authority of the absolute form, which clients send to proxies (RFC 9112 §3.2.2); `nil` for
    /// another form.
    private static func originForm(_ text: String) -> Substring? {
        if text.hasPrefix("/") { return text[...] }
        guard let authority = authority(text), !authority.isEmpty else { return nil }
        let origin = text[authority.endIndex...]
        return origin.hasPrefix("/") ? origin : "/" + origin
    }

    /// Returns the authority of an http URL, with user information if present; `nil` for another form.
    static func authority(_ text: String) -> Substring? {
        let scheme = "http://"
        guard text.prefix(scheme.count).lowercased() == scheme else { return nil }
        return text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
    }

    /// Decodes a path. An encoded slash is not a separator (RFC 3986 §2.2): no name has one, so such a path stays as it
    /// is and matches nothing.
    private static func decodedPath(_ path: Substring) -> String {
        guard path.utf8.contains(UInt8(ascii: "%")) else { return String(path) }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
            PercentEncoding.decodeText($0, plusIsSpace: false)
        }
        guard segments.allSatisfy({ $0 != nil && $0?.contains("/") == false }) else { return String(path) }
        return segments.compactMap(\.self).joined(separator: "/")
    }
}
