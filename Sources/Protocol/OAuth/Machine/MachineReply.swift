/// The result of one request for a token without a person. None of its cases ends the account: the same request may
/// succeed later.
public enum MachineReply: Sendable {
    /// Its refresh token is dropped: the same request brings the next token (RFC 6749 §4.4.3, RFC 7521 §4.1,
    /// RFC 8693 §2.2.1).
    case granted(TokenGrant)
    case refused(ProviderError)
    /// A definite refusal without a known reason: a 4xx without an OAuth error.
    case rejected(status: Int, detail: String)
    /// A success without a usable token.
    case unusable(detail: String)
    /// Nothing was sent, because the account's configuration is incomplete.
    case unconfigured(String)
    /// Nothing was sent, because the metadata now has another issuer or names other hosts.
    case changed(String)
    /// No answer of the authorization server itself.
    case transient(detail: String, retryAfter: Duration?, obstacle: RefreshReply.Obstacle = .unknown)
}

extension MachineReply {
    package init(_ reply: ProviderReply, to request: MachineRequest) {
        if reply.isRedirect || reply.isTemporary || reply.status == 407 {
            self = .transient(reply)
        } else if let error = reply.error {
            self = error.meaning == .notNow ? .transient(reply) : .refused(error)
        } else if reply.isSuccess {
            self.init(success: reply, to: request)
        } else {
            self =
                Self.isRefusal(reply)
                ? .rejected(status: reply.status, detail: reply.content) : .transient(reply)
        }
    }

    package init(_ failure: RequestFailure) {
        switch failure {
        case .client(let failure): self = .unconfigured(failure.description)
        case .transport(.nameNotFound(let detail)):
            self = .transient(detail: detail, retryAfter: nil, obstacle: .offline)
        case .transport(let failure): self = .transient(detail: failure.description, retryAfter: nil)
        }
    }

    private init(success reply: ProviderReply, to request: MachineRequest) {
        guard let fields = reply.body.fields else {
            self = .transient(detail: reply.content, retryAfter: nil)
            return
        }
        do throws(TokenGrant.Rejection) {
            self =
                if case .exchange(let exchange) = request {
                    .granted(try reply.grant(fields, of: exchange))
                } else {
                    .granted(try reply.grant(fields).withoutRefreshToken)
                }
        } catch {
            self = .unusable(detail: error.detail)
        }
    }

    /// Whether the authorization server itself refuses without an OAuth error: Glewlwyd answers a wrong secret with an
    /// empty 403. A page is more likely a gateway's or a portal's.
    private static func isRefusal(_ reply: ProviderReply) -> Bool {
        guard (400...499).contains(reply.status) else { return false }
        if case .foreign = reply.body { return false }
        return true
    }

    private static func transient(_ reply: ProviderReply) -> Self {
        .transient(
            detail: reply.summary, retryAfter: reply.retryAfter,
            obstacle: reply.status == 429 ? .overload : .unknown)
    }
}

extension TokenGrant {
    /// The grant of a request that brings the next token as well.
    var withoutRefreshToken: TokenGrant {
        var grant = self
        (grant.refreshToken, grant.refreshExpiresIn) = (nil, nil)
        return grant
    }

    /// Reads the reply to an exchange (RFC 8693 §2.2.1): `issued_token_type` is required, and must be what was requested.
    /// Where it is not an access token, `token_type` is `N_A`.
    package init(_ fields: ReplyFields, of exchange: TokenExchange) throws(Rejection) {
        guard let issued = fields.string("issued_token_type").flatMap(TokenTypeIdentifier.init) else {
            throw Rejection(
                detail: fields["issued_token_type"] == nil
                    ? "the reply does not say which type of token was issued (issued_token_type, RFC 8693 §2.2.1)"
                    : "the type of the issued token is malformed")
        }
        let isAccessToken = fields.string("token_type")?.lowercased() != "n_a"
        // An access token that is a JWT may be called either (RFC 8693 §3), but not the other way round.
        let isSame = issued == exchange.requested || (exchange.requested == .accessToken && issued == .jwt)
        if let requested = exchange.requested, !isSame {
            throw Rejection(
                detail: "the server issued a token of the type '\(issued.name)' instead of '\(requested.name)'")
        }
        // An ID token, say, must not be sent to services as if it were an access token.
        guard !isAccessToken || [.accessToken, .jwt].contains(issued) else {
            throw Rejection(
                detail: "the server calls a token of the type '\(issued.name)' an access token by its token_type")
        }
        guard issued != .refreshToken else {
            throw Rejection(detail: "the server issued a refresh token, which the agent gives to no program")
        }
        var members = fields
        if !isAccessToken { members = fields.without("token_type") }
        self = try TokenGrant(members).withoutRefreshToken
        issuedType = issued
        if !isAccessToken { tokenType = TokenGrant.notAnAccessToken }
    }
}

extension ProviderReply {
    /// Returns the token of an exchange.
    func grant(_ fields: ReplyFields, of exchange: TokenExchange) throws(TokenGrant.Rejection) -> TokenGrant {
        harmless(try TokenGrant(fields, of: exchange))
    }
}
