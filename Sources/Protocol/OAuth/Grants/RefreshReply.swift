/// What one refresh request says (RFC 6749 §6). Only `deadGrant` may end a login.
public enum RefreshReply: Sendable {
    case renewed(TokenGrant)
    /// `invalid_grant`: the refresh token is expired, revoked or somebody else's.
    case deadGrant(ProviderError)
    /// A person has to do something at the provider, such as another factor or a consent; the grant may live on.
    case needsPerson(ProviderError)
    /// The client or what it asks for is refused, not the grant.
    case misconfigured(ProviderError)
    /// Nothing was sent, because the account is not configured so that it could be.
    case unconfigured(String)
    /// Nothing was sent, because the metadata has become another issuer's, or leads to other hosts.
    case changed(String)
    /// A definite refusal whose reason is not known: a 4xx without an OAuth error, or with an error that no RFC has.
    case rejected(status: Int, detail: String)
    /// Nothing was sent, or a proxy or an overloaded server answered: the refresh token is as good as before.
    case transient(detail: String, retryAfter: Duration?)
    /// The request was sent, and no answer that can be used came back, as with a success that cannot be read: the refresh
    /// token may be spent.
    case unanswered(detail: String)
}

extension RefreshReply {
    package init(_ reply: ProviderReply) {
        // A word of an overloaded server, or of a proxy (407), is not taken for the end of a login.
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
        case .unreachable, .nameNotFound, .tls: self = .transient(detail: failure.description, retryAfter: nil)
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
        // Whatever stands in the way of reading it: the server has said yes, and may have replaced the token.
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

    /// Whether a 4xx without an OAuth error is the authorization server's own: Glewlwyd answers an empty 400 to a dead
    /// token. 403, 404 and 407 come from gateways and proxies just as well, and so does any page.
    private static func isRefusal(_ reply: ProviderReply) -> Bool {
        guard (400...499).contains(reply.status), ![403, 404, 407].contains(reply.status) else { return false }
        if case .foreign = reply.body { return false }
        return true
    }

    private static func transient(_ reply: ProviderReply) -> Self {
        .transient(detail: reply.summary, retryAfter: reply.retryAfter)
    }
}
