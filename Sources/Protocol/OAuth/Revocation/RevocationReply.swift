/// The result of one revocation request (RFC 7009 §2.2).
public enum RevocationReply: Sendable, Equatable {
    /// The token is revoked, or was already invalid.
    case revoked
    /// Permanent: a retry will not help.
    case refused(detail: String)
    /// The token is still valid; retry later.
    case retry(detail: String, retryAfter: Duration?)
    /// The provider has no revocation endpoint.
    case unsupported
}

/// The type of the token to be revoked (RFC 7009 §2.1).
public enum TokenTypeHint: String, Sendable {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
}

extension RevocationReply {
    /// The body of a success is ignored (RFC 7009 §2.2), unless it is an error sent with status 200.
    package init(_ reply: ProviderReply) {
        if reply.isTemporary || reply.error?.meaning == .notNow {
            self = .retry(detail: reply.summary, retryAfter: reply.retryAfter)
        } else if reply.isSuccess, reply.error == nil {
            self = .revoked
        } else {
            self = .refused(detail: reply.summary)
        }
    }

    /// A client that cannot authenticate now may succeed later.
    package init(_ failure: RequestFailure) { self = .retry(detail: failure.description, retryAfter: nil) }

    package init(_ failure: TransportFailure) { self = .retry(detail: failure.description, retryAfter: nil) }
}
