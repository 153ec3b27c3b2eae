/// What one token request with a device code says (RFC 8628 §3.5).
public enum PollReply: Sendable {
    case granted(TokenGrant)
    /// `interval` in seconds, if the server names one.
    case pending(interval: Int?)
    case slowDown(interval: Int?)
    /// An OAuth error that ends the login.
    case refused(ProviderError)
    /// No answer from the authorization server itself; it may come next time.
    case transient(detail: String, connectionTimeout: Bool, retryAfter: Duration?)
    /// The server's certificate is not trusted, so nothing is sent to it again.
    case untrusted(detail: String)
    /// An answer of the server that is no token: the device code is spent, asking again does not help.
    case unusable(detail: String)
}

extension PollReply {
    /// Only `error` decides; the status differs between providers (400, 403, 428, 429, even 200).
    package init(_ reply: ProviderReply) {
        if let error = reply.error {
            switch ErrorCode(rawValue: error.code) {
            case .authorizationPending: self = .pending(interval: reply.body.fields?.pollingInterval)
            case .slowDown: self = .slowDown(interval: reply.body.fields?.pollingInterval)
            case _ where reply.isTemporary || error.meaning == .notNow: self = .transient(reply)
            default: self = .refused(error)
            }
            return
        }
        // Not JSON, whatever the status: the words of a proxy or a captive portal.
        guard reply.isSuccess, let fields = reply.body.fields else {
            self = .transient(reply)
            return
        }
        do throws(TokenGrant.Rejection) {
            self = .granted(try TokenGrant(fields))
        } catch {
            self = .unusable(detail: error.detail)
        }
    }

    package init(_ failure: TransportFailure) {
        switch failure {
        case .tls(let detail): self = .untrusted(detail: detail)
        case .timedOut(let detail): self = .transient(detail: detail, connectionTimeout: true, retryAfter: nil)
        case .unreachable, .bodyTooLarge, .malformed, .cancelled:
            self = .transient(detail: failure.description, connectionTimeout: false, retryAfter: nil)
        }
    }

    private static func transient(_ reply: ProviderReply) -> Self {
        .transient(
            detail: reply.isSuccess ? reply.content : reply.summary,
            connectionTimeout: false,
            retryAfter: reply.retryAfter
        )
    }
}
