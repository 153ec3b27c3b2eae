internal import SecretMemory

/// A refused client registration, whatever format the server's framework uses.
package struct RegistrationRefusal: Equatable, Sendable {
    package let status: Int
    /// The OAuth error; `nil` if there is none.
    package let code: String?
    /// Whether the text names the missing or invalid member.
    package let namesRedirectURI: Bool
    package let namesResponseType: Bool

    package init(status: Int, code: String?, namesRedirectURI: Bool = false, namesResponseType: Bool = false) {
        self.status = status
        self.code = code
        self.namesRedirectURI = namesRedirectURI
        self.namesResponseType = namesResponseType
    }

    /// `nil` for a success, and for a server that is temporarily unavailable.
    package init?(_ response: HTTPResponse, _ reply: ProviderReply) {
        guard !reply.isTemporary, !reply.isRedirect, reply.error != nil || !reply.isSuccess else { return nil }
        self.init(
            status: reply.status, code: reply.error?.code,
            namesRedirectURI: Self.contains(response.body, "redirect_uri"),
            namesResponseType: Self.contains(response.body, "response_type"))
    }

    /// Whether a different request may succeed. Frameworks answer 400 or 422, with or without their own error.
    var isAboutMetadata: Bool {
        let isKnown = code.map { ["invalid_client_metadata", "invalid_redirect_uri"].contains($0) } ?? false
        return isKnown || ([400, 422].contains(status) && !(code.map(Self.otherCodes.contains) ?? false))
    }

    /// Codes of RFC 7591 §3.2.2 and RFC 6749 §5.2 that are not about the metadata.
    private static let otherCodes: Set<String> = [
        "access_denied", "invalid_client", "invalid_scope", "invalid_software_statement", "invalid_token",
        "server_error", "slow_down", "temporarily_unavailable", "unapproved_software_statement", "unauthorized_client",
    ]

    private static func contains(_ body: WipedBytes, _ word: String) -> Bool {
        Array(body.prefix(longestSearched)).firstRange(of: Array(word.utf8)) != nil
    }

    /// In bytes; validation errors name the member near the start.
    private static let longestSearched = 64 * 1024
}
