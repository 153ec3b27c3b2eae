internal import AgentAPI

/// A complete reply, ready to be sent.
struct Reply: Sendable {
    var status: Int
    var contentType: String
    var body: [UInt8]
    /// Of a problem.
    var code: Problem.Code?
    /// For `Allow` (RFC 9110 §15.5.6).
    var allowedMethods: [String] = []
    /// Seconds, for `Retry-After` (RFC 9110 §10.2.3).
    var retryAfter: Int?

    /// The fields that this reply has besides those of every one.
    var fields: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if !allowedMethods.isEmpty { fields.append(("allow", allowedMethods.joined(separator: ", "))) }
        // RFC 9110 §15.5.2 demands one. No client could answer it: it is a person who has to log in.
        if status == 401 { fields.append(("www-authenticate", "authagent-login")) }
        if let retryAfter { fields.append(("retry-after", "\(retryAfter)")) }
        return fields
    }

    static func json(_ value: some Encodable) -> Reply {
        do throws(APIJSON.Unwritable) {
            return Reply(status: 200, contentType: "application/json", body: try APIJSON.encode(value) + newline)
        } catch {
            // What others have written is in some replies: one that cannot be sent must not end the agent.
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

    /// RFC 9457; `status` repeats the status for whoever keeps only the body.
    static func problem(_ problem: Problem, status: Int? = nil) -> Reply {
        let status = status ?? problem.code.httpStatus
        let body = APIJSON.encode(fixed: ProblemBody(problem: problem, status: status))
        return Reply(
            status: status, contentType: Problem.mediaType, body: body + newline, code: problem.code,
            retryAfter: problem.retryAfter
        )
    }

    /// So that a reply that is printed to a terminal ends its line.
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
