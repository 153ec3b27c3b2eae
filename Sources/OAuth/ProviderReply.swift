package import SecretMemory

/// One reply of a provider's endpoint, read once for whoever classifies it.
package struct ProviderReply: Sendable {
    package let status: Int
    package let body: ReplyBody
    package let retryAfter: Duration?
    private let redaction: Redaction

    /// `secrets` are those that the request held: the server may echo them.
    package init(_ response: HTTPResponse, secrets: [SecretBytes] = []) {
        status = response.status
        let body = ReplyReader.read(response.body)
        self.body = body
        retryAfter = RetryAfter.wait(response)
        // What the reply itself issues is as secret as what was sent.
        let issued = ["access_token", "refresh_token", "id_token", "device_code"].compactMap { body.fields?.text($0) }
        redaction = Redaction(secrets + issued.map { SecretBytes($0) })
    }

    package var isSuccess: Bool { (200...299).contains(status) }
    package var isRedirect: Bool { (300...399).contains(status) }

    /// Statuses that say "not now": RFC 9110 §15.5.9 and §15.6, RFC 8470 §5.2, RFC 6585 §4.
    package var isTemporary: Bool { [408, 425, 429].contains(status) || status >= 500 }

    /// The OAuth error in the reply. A status of 200 does not hide it: GitHub and others send errors that way.
    package var error: ProviderError? {
        guard let error = body.fields?.error else { return nil }
        return ProviderError(
            // A known code is the server's own word, even if somebody's secret is "client".
            code: ErrorCode(rawValue: error.code)?.rawValue ?? redaction.clean(error.code, limit: 64),
            detail: error.detail.map { redaction.clean($0) },
            status: status
        )
    }

    /// What came instead of the expected reply, for people.
    package var summary: String {
        if isRedirect { return "the server answers with a redirect (status \(status)), which is not followed" }
        return "the server answers with status \(status)\(said.map { ": \($0)" } ?? "")"
    }

    /// What came instead of the expected reply, for those who tell the status themselves.
    package var content: String {
        switch body {
        case .empty: "the reply is empty"
        case .foreign: "the reply is neither JSON nor a form"
        case .fields: said ?? "the reply names no error"
        }
    }

    /// The server's own words, if there are any.
    private var said: String? {
        if let error { return error.description }
        return body.fields?.message.map { redaction.clean($0) }
    }
}
