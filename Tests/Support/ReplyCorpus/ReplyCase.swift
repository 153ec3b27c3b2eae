/// A reply that a provider really sends, and a correct client's result. Bodies are those of the source, with short
/// substitutes for long tokens.
package struct ReplyCase: Sendable {
    package enum Endpoint: Sendable { case device, poll, refresh, revocation, discovery }

    package let id: String
    package let endpoint: Endpoint
    package let status: Int
    /// Not used: the parser reads the body. Kept because it is part of the recorded reply.
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
        /// The interval in the reply.
        case slowDown(Int?)
        case denied
        case expired
        /// A provider-specific error that ends the login or requires another configuration.
        case failed(String)
        /// The end of a login at a refresh.
        case relogin
        /// A refused refresh without a reason: the login is kept.
        case rejected
        /// Not a reply of the authorization server.
        case transient
        /// A reply that cannot be used.
        case badResponse
        case unsupported
        case revoked
        /// The server's message.
        case notRevoked(String)
    }
}
