/// A reply that some provider really sends, and what a correct client makes of it. The bodies are those of the source,
/// with short stand-ins where it has long tokens.
package struct ReplyCase: Sendable {
    package enum Endpoint: Sendable { case device, poll, refresh, revocation, discovery }

    package let id: String
    package let endpoint: Endpoint
    package let status: Int
    /// Says nothing: the reader goes by the body. Kept because it is part of the fact.
    package let contentType: String?
    package let body: String
    package let outcome: Outcome
    package let source: String

    init(
        _ id: String, _ endpoint: Endpoint, _ status: Int, type contentType: String? = "application/json",
        _ body: String, is outcome: Outcome, from source: String
    ) {
        self.id = id
        self.endpoint = endpoint
        self.status = status
        self.contentType = contentType
        self.body = body
        self.outcome = outcome
        self.source = source
    }

    package static let all = deviceReplies + pollErrors + tokenReplies + laterReplies + otherReplies
}

extension ReplyCase: CustomStringConvertible {
    package var description: String { id }
}

extension ReplyCase {
    package enum Outcome: Equatable, Sendable {
        case device(
            _ code: String, _ userCode: String, _ uri: String, complete: String? = nil, expiresIn: Int,
            interval: Int = 5)
        case token(
            _ access: String, refresh: String? = nil, expiresIn: Int? = nil, scope: [String]? = nil,
            hasIDToken: Bool = false, refreshExpiresIn: Int? = nil)
        case metadata(device: String?, token: String?, revocation: String?)
        case pending
        /// The interval that the server names.
        case slowDown(Int?)
        case denied
        case expired
        /// An error in the provider's own words, which ends the login or needs the configuration mended.
        case failed(String)
        /// The end of a login, when it is refreshed.
        case relogin
        /// A refusal to refresh that does not say why: the login is kept.
        case rejected
        /// No answer of the authorization server.
        case transient
        /// An answer that cannot be used.
        case badResponse
        case unsupported
        case revoked
        /// What the server said.
        case notRevoked(String)
    }
}
