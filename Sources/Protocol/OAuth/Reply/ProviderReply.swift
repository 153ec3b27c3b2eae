internal import Formats
package import SecretMemory

/// One reply of a provider's endpoint, read once for whoever classifies it.
package struct ProviderReply: Sendable {
    package let status: Int
    package let body: ReplyBody
    package let retryAfter: Duration?
    /// The OAuth error in the reply. A status of 200 does not hide it: GitHub and others send errors that way.
    package let error: ProviderError?
    private let redaction: Redaction

    /// What a reply may issue, which is as secret as what was sent.
    private static let issued = [
        "access_token", "accessToken", "refresh_token", "refreshToken", "id_token", "idToken", "device_code",
        "deviceCode", "authorization_code", "code_verifier", "client_secret", "clientSecret",
        "registration_access_token",
    ]

    /// `secrets` are those that the request held: the server may echo them.
    package init(_ response: HTTPResponse, secrets: [SecretBytes] = []) {
        defer { DeadStack.clear() }
        status = response.status
        let body = ReplyReader.read(response.body)
        self.body = body
        retryAfter = RetryAfter.wait(response)
        let redaction = Redaction(secrets + (body.fields.map(Self.issuedSecrets) ?? []))
        self.redaction = redaction
        error = body.fields?.error(status: response.status).map { error in
            // A known code is the server's own word, even if somebody's secret is "client".
            let known = ErrorCode(word: error.code) == nil ? nil : DisplayText.clean(error.code, limit: 64)
            return ProviderError(
                code: known ?? Self.visible(error.code, limit: 64, redaction) ?? "unknown_error",
                detail: error.detail.flatMap { Self.visible($0, redaction) },
                status: response.status
            )
        }
    }

    /// In bytes, for all members together; real tokens have some thousand. Looking for a whole reply's worth would cost
    /// seconds, and a server that sends so much shows nobody's secret but its own.
    package static let mostIssued = 2 * TokenGrant.maximumTokenLength

    /// What is too long to be a token is refused anyway, and is no secret.
    package static func issuedSecrets(_ fields: ReplyFields) -> [SecretBytes] {
        var left = mostIssued
        return issued.compactMap { name in
            guard let text = fields.text(name), text.utf8.count <= min(left, TokenGrant.maximumTokenLength) else {
                return nil
            }
            left -= text.utf8.count
            return SecretBytes(text)
        }
    }

    /// Nil if nothing of the text can be shown.
    private static func visible(_ text: String, limit: Int = 300, _ redaction: Redaction) -> String? {
        let text = redaction.clean(text, limit: limit)
        return text.isEmpty ? nil : text
    }

    /// Whether the server may not have been able to read the request's body: 415 (RFC 9110 §15.5.16), or a framework's
    /// refusal without a word of OAuth's.
    var refusesEncoding: Bool {
        status == 415 || ([400, 422].contains(status) && error.map { $0.known == nil } ?? true)
    }

    package var isSuccess: Bool { (200...299).contains(status) }
    package var isRedirect: Bool { (300...399).contains(status) }

    /// Statuses that say "not now": RFC 9110 §15.5.9 and §15.6, RFC 8470 §5.2, RFC 6585 §4.
    package var isTemporary: Bool { [408, 425, 429].contains(status) || status >= 500 }

    /// The tokens in a success. A scope that holds a secret is none that anybody asked for, and would be shown.
    package func grant(_ fields: ReplyFields) throws(TokenGrant.Rejection) -> TokenGrant {
        var grant = try TokenGrant(fields)
        grant.scope = grant.scope.map(redaction.harmless)
        return grant
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
        return body.fields?.message.flatMap { Self.visible($0, redaction) }
    }
}
