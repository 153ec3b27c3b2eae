/// The result of one refresh request (RFC 6749 §6). Only `deadGrant` may end a login.
public enum RefreshReply: Sendable {
    case renewed(TokenGrant)
    /// `invalid_grant`: the refresh token is expired, revoked or another client's.
    case deadGrant(ProviderError)
    /// The user has to act at the provider, for example for MFA or consent; the grant may still be valid.
    case needsPerson(ProviderError)
    /// The client or its request is refused, not the grant.
    case misconfigured(ProviderError)
    /// Nothing was sent, because the account's configuration is incomplete.
    case unconfigured(String)
    /// Nothing was sent, because the metadata now has another issuer or names other hosts.
    case changed(String)
    /// A definite refusal without a known reason: a 4xx without an OAuth error, or with an unknown code.
    case rejected(status: Int, detail: String)
    /// Nothing was sent, or a proxy or an overloaded server answered: the refresh token is still unused.
    case transient(detail: String, retryAfter: Duration?, obstacle: Obstacle = .unknown)
    /// The request was sent without a usable answer, such as an unreadable success: the refresh token may be used up.
    case unanswered(detail: String)

    /// What stood in the way, as far as it decides when to try again.
    public enum Obstacle: Sendable {
        /// A name did not resolve: most likely this machine has no network.
        case offline
        /// The server is there, and turns requests away (429).
        case overload
        case unknown
    }
}

extension RefreshReply {
    package init(_ reply: ProviderReply) {
        // An error from an overloaded server or a proxy (407) must not end a login.
        if reply.isRedirect || reply.isTemporary || reply.status == 407 {
            self = .transient(reply)
        } else if let error = reply.error {
            self.init(error, of: reply)
        } else if reply.isSuccess {
            self.init(success: reply)
        } else {
            self = Self.isRefusal(reply) ? .rejected(status: reply.status, detail: reply.content) : .transient(reply)
        }
    }

    package init(_ failure: RequestFailure) {
        switch failure {
        case .transport(let failure): self.init(failure)
        case .client(let failure): self = .unconfigured(failure.description)
        }
    }

    package init(_ failure: TransportFailure) {
        switch failure {
        case .nameNotFound: self = .transient(detail: failure.description, retryAfter: nil, obstacle: .offline)
        case .unreachable, .tls: self = .transient(detail: failure.description, retryAfter: nil)
        case .broken, .timedOut, .bodyTooLarge, .malformed, .cancelled:
            self = .unanswered(detail: failure.description)
        }
    }

    private init(_ error: ProviderError, of reply: ProviderReply) {
        switch error.meaning {
        case _ where error.saysDeadRefreshToken: self = .deadGrant(error)
        case .deadGrant: self = .deadGrant(error)
        case .needsPerson: self = .needsPerson(error)
        case .misconfigured: self = .misconfigured(error)
        case .notNow: self = .transient(reply)
        case .refused: self = .rejected(status: reply.status, detail: reply.content)
        }
    }

    private init(success reply: ProviderReply) {
        // Unreadable, but a success: the server may have rotated the token.
        guard let fields = reply.body.fields else {
            self = .unanswered(detail: reply.content)
            return
        }
        do throws(TokenGrant.Rejection) {
            self = .renewed(try reply.grant(fields))
        } catch {
            self = .unanswered(detail: error.detail)
        }
    }

    /// Whether a 4xx without an OAuth error comes from the authorization server: Glewlwyd sends an empty 400 for an
    /// invalid token. Gateways and proxies send 403, 404, 407 and pages as well.
    private static func isRefusal(_ reply: ProviderReply) -> Bool {
        guard (400...499).contains(reply.status), ![403, 404, 407].contains(reply.status) else { return false }
        if case .foreign = reply.body { return false }
        return true
    }

    private static func transient(_ reply: ProviderReply) -> Self {
        .transient(
            detail: reply.summary, retryAfter: reply.retryAfter,
            obstacle: reply.status == 429 ? .overload : .unknown)
    }
}
