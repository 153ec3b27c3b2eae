internal import AgentAPI
internal import NIOHTTP1

/// What HTTP demands of a request's head, whatever it asks for, and the parser leaves open.
enum RequestFraming {
    static func problem(of head: HTTPRequestHead) -> Problem? {
        let hint = "see authagent-api(7)"
        guard [.http1_0, .http1_1].contains(head.version) else {
            return Problem(.badRequest, "this is neither HTTP/1.1 nor HTTP/1.0", hint: hint)
        }
        // RFC 9112 §3.2: one, and in HTTP/1.0 none or one.
        let hosts = head.headers["host"].map { $0.trimmingSpace() }
        guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else {
            return Problem(.badRequest, "the request needs one Host field", hint: hint)
        }
        guard hosts.allSatisfy(isHost) else { return Problem(.badRequest, "the Host field names no host", hint: hint) }
        // RFC 9112 §6.1: some readers of HTTP/1.0 see a length of chunks, and some do not.
        if head.version == .http1_0, head.headers.contains(name: "transfer-encoding") {
            return Problem(.badRequest, "HTTP/1.0 has no Transfer-Encoding", hint: hint)
        }
        // RFC 9112 §6.1: a body in a coding that is not undone is another body.
        guard head.headers[canonicalForm: "transfer-encoding"].allSatisfy({ $0.lowercased() == "chunked" }) else {
            return Problem(.badRequest, "only the transfer coding 'chunked' is read", hint: hint)
        }
        return nil
    }

    enum Expectation {
        case none
        /// The client waits before it sends its body.
        case toGoOn
        case unknown
    }

    /// RFC 9110 §10.1.1, which HTTP/1.0 does not know.
    static func expectation(of head: HTTPRequestHead) -> Expectation {
        let expected = head.headers[canonicalForm: "expect"]
        guard head.version == .http1_1, !expected.isEmpty else { return .none }
        guard expected.allSatisfy({ $0.lowercased() == "100-continue" }) else { return .unknown }
        let hasBody =
            head.headers.contains(name: "transfer-encoding")
            || head.headers.first(name: "content-length").map { $0 != "0" } ?? false
        return hasBody ? .toGoOn : .none
    }

    /// RFC 3986 §3.2, without a user; it may be empty. The names themselves mean nothing here.
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
