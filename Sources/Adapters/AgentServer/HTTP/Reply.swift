internal import AgentAPI

/// A complete reply.
struct Reply: Sendable {
    var status: Int
    var contentType: String
    var body: [UInt8]
    /// The code of a problem; `nil` if the request succeeded.
    var code: Problem.Code?
    /// For `Allow` (RFC 9110 §15.5.6).
    var allowedMethods: [String] = []
    /// Seconds, for `Retry-After` (RFC 9110 §10.2.3).
    var retryAfter: Int?
    /// For `ETag` (RFC 9110 §8.8.3), without its quotes.
    var tag: String?

    /// The header fields that only this reply has.
    var fields: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if !allowedMethods.isEmpty { fields.append(("allow", allowedMethods.joined(separator: ", "))) }
        // RFC 9110 §15.5.2 requires a challenge. No client can answer it: the user has to log in.
        if status == 401 { fields.append(("www-authenticate", "authagent-login")) }
        if let tag { fields.append(("etag", "\"\(tag)\"")) }
        if let retryAfter { fields.append(("retry-after", "\(retryAfter)")) }
        return fields
    }

    static func json(_ value: some Encodable) -> Reply {
        do throws(APIJSON.Unwritable) {
            return Reply(status: 200, contentType: "application/json", body: try APIJSON.encode(value) + newline)
        } catch {
            // Some replies hold JSON from providers: a value that cannot be encoded must not end the agent.
            return .problem(
                Problem(.internalError, error.description, hint: "report this with the output of 'authagent --version'")
            )
        }
    }

    static func json(_ token: TokenReply) -> Reply {
        var body = token.json
        body += newline
        return Reply(status: 200, contentType: "application/json", body: body)
    }

    static func text(_ text: String) -> Reply {
        Reply(status: 200, contentType: "text/plain; charset=utf-8", body: Array(text.utf8) + newline)
    }

    /// Creates the reply that the client's copy is current (RFC 9110 §15.4.5). It has no body.
    static func notModified(tag: String) -> Reply { Reply(status: 304, contentType: "", body: [], tag: tag) }

    /// Creates a problem reply (RFC 9457). The body repeats the status for clients that keep only the body.
    static func problem(_ problem: Problem, status: Int? = nil) -> Reply {
        let status = status ?? problem.code.httpStatus
        let body = APIJSON.encode(fixed: ProblemBody(problem: problem, status: status))
        return Reply(
            status: status, contentType: Problem.mediaType, body: body + newline, code: problem.code,
            retryAfter: problem.retryAfter
        )
    }

    /// Ends the line of a reply that is printed to a terminal.
    private static let newline: [UInt8] = [UInt8(ascii: "\n")]
}

private struct ProblemBody: Encodable {
    let problem: Problem
    let status: Int

    private enum CodingKeys: String, CodingKey { case status }

    func encode(to encoder: any Encoder) throws {
        try problem.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(status, forKey: .status)
    }
}
