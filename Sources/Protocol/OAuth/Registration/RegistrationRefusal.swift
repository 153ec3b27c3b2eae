internal import SecretMemory

/// A refusal to register a client, in whatever shape the server's framework has for it.
package struct RegistrationRefusal: Equatable, Sendable {
    package let status: Int
    /// The OAuth error, if there is one.
    package let code: String?
    /// Whether the words name the member that is missing or displeases.
    package let namesRedirectURI: Bool
    package let namesResponseType: Bool

    package init(status: Int, code: String?, namesRedirectURI: Bool = false, namesResponseType: Bool = false) {
        self.status = status
        self.code = code
        self.namesRedirectURI = namesRedirectURI
        self.namesResponseType = namesResponseType
    }

    /// `nil` for a success, and for a server that is out of order.
    package init?(_ response: HTTPResponse, _ reply: ProviderReply) {
        guard !reply.isTemporary, !reply.isRedirect, reply.error != nil || !reply.isSuccess else { return nil }
        self.init(
            status: reply.status, code: reply.error?.code,
            namesRedirectURI: Self.contains(response.body, "redirect_uri"),
            namesResponseType: Self.contains(response.body, "response_type"))
    }

    /// Whether another wording may help. Frameworks answer 400 or 422, with an error of their own or none.
    var isAboutMetadata: Bool {
        let isKnown = code.map { ["invalid_client_metadata", "invalid_redirect_uri"].contains($0) } ?? false
        return isKnown || ([400, 422].contains(status) && !(code.map(Self.otherCodes.contains) ?? false))
    }

    /// RFC 7591 §3.2.2 and RFC 6749 §5.2: these are about something else.
    private static let otherCodes: Set<String> = [
        "access_denied", "invalid_client", "invalid_scope", "invalid_software_statement", "invalid_token",
        "server_error", "slow_down", "temporarily_unavailable", "unapproved_software_statement", "unauthorized_client",
    ]

    private static func contains(_ body: WipedBytes, _ word: String) -> Bool {
        Array(body.prefix(longestSearched)).firstRange(of: Array(word.utf8)) != nil
    }

    /// In bytes; validation errors name the member near their beginning.
    private static let longestSearched = 64 * 1024
}
