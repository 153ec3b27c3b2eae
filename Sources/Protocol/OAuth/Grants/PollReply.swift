/// The result of one token request with a device code (RFC 8628 §3.5) or a CIBA request's id (OpenID CIBA Core 1.0 §11).
public enum PollReply: Sendable {
    case granted(TokenGrant)
    /// `interval` in seconds; `nil` if the server sends none.
    case pending(interval: Int?)
    case slowDown(interval: Int?)
    /// `access_denied`, or the provider's own word for it.
    case denied(ProviderError)
    /// `expired_token`, or the provider's own word for it.
    case expired(ProviderError)
    /// Any other OAuth error; it ends the login.
    case refused(ProviderError)
    /// No answer from the authorization server itself; the next poll may succeed. `backsOff`: the server is overloaded,
    /// so the interval grows until it recovers.
    case transient(detail: String, backsOff: Bool, retryAfter: Duration?)
    /// The server's certificate is not trusted, so polling stops.
    case untrusted(detail: String)
    /// A success without a usable token: the code is used up, so a retry will not help.
    case unusable(detail: String)
    /// The server does not implement RFC 8628.
    case unsupported(detail: String)
}

extension PollReply {
    /// The longest `Retry-After` that becomes the interval of later polls.
    private static let longestAskedInterval: Duration = .seconds(120)

    /// Only `error` decides; the status differs between providers (400, 403, 428, 429, even 200).
    package init(_ reply: ProviderReply) {
        if let error = reply.error {
            self.init(error, of: reply)
        } else if reply.isSuccess, let fields = reply.body.fields {
            self.init(success: fields, of: reply)
        } else if case .empty = reply.body, let said = Self.said(byStatusOf: reply) {
            self = said
        } else {
            // Not JSON, or JSON without an error: sent by a proxy or a captive portal.
            self = .transient(reply)
        }
    }

    package init(_ failure: RequestFailure) {
        switch failure {
        case .transport(let failure): self.init(failure)
        // A key that is being replaced now will be there for the next poll.
        case .client(let failure): self = .transient(detail: failure.description, backsOff: false, retryAfter: nil)
        }
    }

    package init(_ failure: TransportFailure) {
        switch failure {
        case .tls(let detail): self = .untrusted(detail: detail)
        // RFC 8628 §3.5: a connection timeout slows the polling down.
        case .timedOut(let detail): self = .transient(detail: detail, backsOff: true, retryAfter: nil)
        case .unreachable, .broken, .nameNotFound, .bodyTooLarge, .malformed, .cancelled:
            self = .transient(detail: failure.description, backsOff: false, retryAfter: nil)
        }
    }

    private init(_ error: ProviderError, of reply: ProviderReply) {
        switch error.known {
        case .authorizationPending: self = .pending(interval: reply.body.fields?.pollingInterval)
        case .slowDown:
            let asked = min(reply.retryAfter ?? .zero, Self.longestAskedInterval).components.seconds
            let interval = max(reply.body.fields?.pollingInterval ?? 0, Int(asked))
            self = .slowDown(interval: interval > 0 ? interval : nil)
        case _ where reply.isTemporary || error.meaning == .notNow: self = .transient(reply)
        case .accessDenied: self = .denied(error)
        case .expiredToken: self = .expired(error)
        default: self = .refused(error)
        }
    }

    private init(success fields: ReplyFields, of reply: ProviderReply) {
        do throws(TokenGrant.Rejection) {
            self = .granted(try reply.grant(fields))
        } catch {
            // Codex's server returns a code for another grant, with its own verifier.
            self =
                fields["access_token", "accessToken"] == nil && fields["authorization_code"] != nil
                ? .unsupported(detail: "the server answers with an authorization code instead of a token")
                : .unusable(detail: error.detail)
        }
    }

    /// Interprets an empty reply by its status: Trakt ("device token", status codes) sends nothing else. Not 401, 403
    /// and 404, which gateways send as well.
    private static func said(byStatusOf reply: ProviderReply) -> Self? {
        switch reply.status {
        // RFC 6749 §5.2 uses 400 for every error; without a code, keep polling.
        case 400: .pending(interval: nil)
        case 409: .unusable(detail: "the device code has been used already (status 409)")
        case 410: .expired(ProviderError(code: ErrorCode.expiredToken.rawValue, status: reply.status))
        case 418: .denied(ProviderError(code: ErrorCode.accessDenied.rawValue, status: reply.status))
        case 429 where reply.retryAfter == nil: .slowDown(interval: nil)
        default: nil
        }
    }

    private static func transient(_ reply: ProviderReply) -> Self {
        .transient(
            detail: reply.isSuccess ? reply.content : reply.summary,
            backsOff: reply.status == 429,
            retryAfter: reply.retryAfter
        )
    }
}
