/// What one revocation request says (RFC 7009 §2.2).
public enum RevocationReply: Sendable, Equatable {
    /// The token is revoked, or was invalid already.
    case revoked
    /// Asking again will not help.
    case refused(detail: String)
    /// The token still exists; ask again later.
    case retry(detail: String, retryAfter: Duration?)
    /// The provider has no revocation endpoint.
    case unsupported
}

/// Which kind of token is to be revoked (RFC 7009 §2.1).
public enum TokenTypeHint: String, Sendable {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
}

extension RevocationReply {
    /// The body of a success says nothing (RFC 7009 §2.2), unless it is an error sent with status 200.
    package init(_ reply: ProviderReply) {
        if reply.isTemporary || reply.error?.meaning == .notNow {
            self = .retry(detail: reply.summary, retryAfter: reply.retryAfter)
        } else if reply.isSuccess, reply.error == nil {
            self = .revoked
        } else {
            self = .refused(detail: reply.summary)
        }
    }

    /// A client that cannot prove itself now may do so later.
    package init(_ failure: RequestFailure) { self = .retry(detail: failure.description, retryAfter: nil) }

    package init(_ failure: TransportFailure) { self = .retry(detail: failure.description, retryAfter: nil) }
}
