/// What one token request with a device code says (RFC 8628 §3.5).
public enum PollReply: Sendable {
    case granted(TokenGrant)
    /// `interval` in seconds, if the server names one.
    case pending(interval: Int?)
    case slowDown(interval: Int?)
    /// `access_denied`, or the provider's own word for it.
    case denied(ProviderError)
    /// `expired_token`, or the provider's own word for it.
    case expired(ProviderError)
    /// Another OAuth error, which ends the login.
    case refused(ProviderError)
    /// No answer from the authorization server itself; it may come next time. `backsOff`: the server is overloaded, so
    /// the interval grows for as long as this lasts.
    case transient(detail: String, backsOff: Bool, retryAfter: Duration?)
    /// The server's certificate is not trusted, so nothing is sent to it again.
    case untrusted(detail: String)
    /// An answer of the server that is no token: the device code is spent, asking again does not help.
    case unusable(detail: String)
    /// The server speaks another protocol than RFC 8628.
    case unsupported(detail: String)
}

extension PollReply {
    /// The longest `Retry-After` that stays in force as the interval of the later polls.
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
            // Not JSON, or JSON without an error: the words of a proxy or a captive portal.
            self = .transient(reply)
        }
    }

    package init(_ failure: RequestFailure) {
        switch failure {
        case .transport(let failure): self.init(failure)
        // A key that is renewed at this moment is there for the next poll.
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
            // Codex's server hands out a code for another grant, with a verifier that it made itself.
            self =
                fields["access_token", "accessToken"] == nil && fields["authorization_code"] != nil
                ? .unsupported(detail: "the server answers with an authorization code instead of a token")
                : .unusable(detail: error.detail)
        }
    }

    /// What an empty reply says by its status alone. Trakt ("device token", status codes) has nothing else; for others
    /// these statuses mean the same or nothing. No 401, 403 or 404: those are a gateway's just as well.
    private static func said(byStatusOf reply: ProviderReply) -> Self? {
        switch reply.status {
        // RFC 6749 §5.2 has 400 for every error; one without a name asks for nothing but patience.
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
