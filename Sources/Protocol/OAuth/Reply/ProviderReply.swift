internal import Formats
package import SecretMemory

/// One reply of a provider's endpoint, parsed once for all classifiers.
package struct ProviderReply: Sendable {
    package let status: Int
    package let body: ReplyBody
    package let retryAfter: Duration?
    /// The OAuth error in the reply, also with status 200: GitHub and others send errors that way.
    package let error: ProviderError?
    private let redaction: Redaction

    /// The members that may hold newly issued secrets.
    private static let issued = [
        "access_token", "accessToken", "refresh_token", "refreshToken", "id_token", "idToken", "device_code",
        "deviceCode", "authorization_code", "code_verifier", "client_secret", "clientSecret",
        "registration_access_token", "auth_req_id", "request_uri",
    ]

    /// `secrets` are those in the request: the server may echo them.
    package init(_ response: HTTPResponse, secrets: [SecretBytes] = []) {
        defer { DeadStack.clear() }
        status = response.status
        let body = ReplyReader.read(response.body)
        self.body = body
        retryAfter = RetryAfter.wait(response)
        let redaction = Redaction(secrets + (body.fields.map(Self.issuedSecrets) ?? []))
        self.redaction = redaction
        error = body.fields?.error(status: response.status).map { error in
            // A known code is not redacted, even if a secret happens to be "client".
            let known = ErrorCode(word: error.code) == nil ? nil : DisplayText.clean(error.code, limit: 64)
            return ProviderError(
                code: known ?? Self.visible(error.code, limit: 64, redaction) ?? "unknown_error",
                detail: error.detail.flatMap { Self.visible($0, redaction) },
                status: response.status
            )
        }
    }

    /// In bytes, for all members together; real tokens have some thousand. Searching a whole reply's worth would take
    /// seconds, and protect only the server's own secrets.
    package static let mostIssued = 2 * TokenGrant.maximumTokenLength

    /// Skips values longer than a token: they are refused anyway.
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

    /// `nil` if no part of the text can be shown.
    private static func visible(_ text: String, limit: Int = 300, _ redaction: Redaction) -> String? {
        let text = redaction.clean(text, limit: limit)
        return text.isEmpty ? nil : text
    }

    /// Whether the server may have failed to parse the request's body: 415 (RFC 9110 §15.5.16), or a framework's error
    /// without an OAuth code.
    var refusesEncoding: Bool {
        status == 415 || ([400, 422].contains(status) && error.map { $0.known == nil } ?? true)
    }

    package var isSuccess: Bool { (200...299).contains(status) }
    package var isRedirect: Bool { (300...399).contains(status) }

    /// Temporary statuses: RFC 9110 §15.5.9 and §15.6, RFC 8470 §5.2, RFC 6585 §4.
    package var isTemporary: Bool { [408, 425, 429].contains(status) || status >= 500 }

    /// Returns the tokens of a success. A scope that contains a secret is dropped: it was not requested, and would be
    /// shown.
    package func grant(_ fields: ReplyFields) throws(TokenGrant.Rejection) -> TokenGrant {
        harmless(try TokenGrant(fields))
    }

    func harmless(_ grant: TokenGrant) -> TokenGrant {
        var grant = grant
        grant.scope = grant.scope.map(redaction.harmless)
        return grant
    }

    /// A description of an unexpected reply for the user.
    package var summary: String {
        if isRedirect { return "the server answers with a redirect (status \(status)), which is not followed" }
        return "the server answers with status \(status)\(said.map { ": \($0)" } ?? "")"
    }

    /// The same without the status, for callers that show it themselves.
    package var content: String {
        switch body {
        case .empty: "the reply is empty"
        case .foreign: "the reply is neither JSON nor a form"
        case .fields: said ?? "the reply names no error"
        }
    }

    /// The server's own words; `nil` if there are none.
    private var said: String? {
        if let error { return error.description }
        return body.fields?.message.flatMap { Self.visible($0, redaction) }
    }
}
