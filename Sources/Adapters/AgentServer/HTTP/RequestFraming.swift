internal import AgentAPI
internal import NIOHTTP1

/// The checks of a request's head that HTTP requires for every route and that the parser does not do.
enum RequestFraming {
    static func problem(of head: HTTPRequestHead) -> Problem? {
        let hint = "see authagent-api(7)"
        guard [.http1_0, .http1_1].contains(head.version) else {
            return Problem(.badRequest, "the HTTP version is neither 1.1 nor 1.0", hint: hint)
        }
        // RFC 9112 §3.2: exactly one Host field; HTTP/1.0 may have none.
        let hosts = head.headers["host"].map { $0.trimmingSpace() }
        guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else {
            return Problem(.badRequest, "the request must have one Host field", hint: hint)
        }
        guard hosts.allSatisfy(isHost) else { return Problem(.badRequest, "the Host field is invalid", hint: hint) }
        // RFC 9112 §6.1: HTTP/1.0 parsers disagree about chunks, which allows request smuggling.
        if head.version == .http1_0, head.headers.contains(name: "transfer-encoding") {
            return Problem(.badRequest, "HTTP/1.0 has no Transfer-Encoding", hint: hint)
        }
        // RFC 9112 §6.1: a body in a coding that is not decoded would be read as something else.
        guard head.headers[canonicalForm: "transfer-encoding"].allSatisfy({ $0.lowercased() == "chunked" }) else {
            return Problem(.badRequest, "only the transfer coding 'chunked' is supported", hint: hint)
        }
        return nil
    }

    enum Expectation {
        case none
        /// The client waits for 100 (Continue) before it sends its body.
        case toGoOn
        case unknown
    }

    /// Reads the field Expect (RFC 9110 §10.1.1), which HTTP/1.0 does not have.
    static func expectation(of head: HTTPRequestHead) -> Expectation {
        let expected = head.headers[canonicalForm: "expect"]
        guard head.version == .http1_1, !expected.isEmpty else { return .none }
        guard expected.allSatisfy({ $0.lowercased() == "100-continue" }) else { return .unknown }
        let hasBody =
            head.headers.contains(name: "transfer-encoding")
            || head.headers.first(name: "content-length").map { $0 != "0" } ?? false
        return hasBody ? .toGoOn : .none
    }

    /// Whether the text has the characters of an authority without user information (RFC 3986 §3.2). It may be empty.
    private static func isHost(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~!$&'()*+,;=%[]:".utf8.contains(byte)
            }
        }
    }
}
