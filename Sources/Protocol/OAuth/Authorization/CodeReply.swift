internal import Formats
public import SecretMemory

/// The result of a token request with an authorization code, which can be used once (RFC 6749 §4.1.2).
public enum CodeReply: Sendable {
    case granted(TokenGrant)
    /// A definite refusal; the code is of no more use.
    case refused(ProviderError)
    /// The request was sent without a usable answer. Do not repeat it: a server that sees a code twice may revoke what
    /// the first request was granted.
    case lost(detail: String)
    /// Nothing was sent, or the server turned the request away unread: it may be repeated.
    case notSent(detail: String, retryAfter: Duration?)
    /// A success without a usable token, or an answer that is not the authorization server's.
    case unusable(detail: String)
    /// The server's certificate is not trusted.
    case untrusted(detail: String)
    /// Nothing was sent, because the client cannot authenticate.
    case unconfigured(ClientProofFailure)
}

extension CodeReply {
    package init(_ reply: ProviderReply) {
        if Self.isUnread(reply) {
            self = .notSent(detail: reply.summary, retryAfter: reply.retryAfter)
        } else if reply.status >= 500 || reply.status == 408 {
            // A gateway's error, too: the server behind it may have used the code.
            self = .lost(detail: reply.summary)
        } else if reply.isRedirect {
            self = .unusable(detail: reply.summary)
        } else if let error = reply.error {
            self.init(error, of: reply)
        } else if reply.isSuccess, let fields = reply.body.fields {
            do throws(TokenGrant.Rejection) { self = .granted(try reply.grant(fields)) } catch {
                self = .unusable(detail: error.detail)
            }
        } else {
            self = .unusable(detail: reply.isSuccess ? reply.content : reply.summary)
        }
    }

    /// Whether the request was turned away before the code was looked at. Gateways send a bare 503 also where the server
    /// broke off after it had read the request.
    private static func isUnread(_ reply: ProviderReply) -> Bool {
        switch reply.status {
        case 407, 425, 429: true
        case 503: reply.retryAfter != nil || [.slowDown, .temporarilyUnavailable].contains(reply.error?.known)
        default: false
        }
    }

    package init(_ failure: RequestFailure) {
        switch failure {
        case .transport(let failure): self.init(failure)
        case .client(let failure): self = .unconfigured(failure)
        }
    }

    package init(_ failure: TransportFailure) {
        switch failure {
        case .unreachable, .nameNotFound: self = .notSent(detail: failure.description, retryAfter: nil)
        case .tls(let detail): self = .untrusted(detail: detail)
        case .broken, .timedOut, .bodyTooLarge, .malformed, .cancelled: self = .lost(detail: failure.description)
        }
    }

    private init(_ error: ProviderError, of reply: ProviderReply) {
        switch error.known {
        case .serverError: self = .lost(detail: reply.summary)
        case .slowDown, .temporarilyUnavailable: self = .notSent(detail: reply.summary, retryAfter: reply.retryAfter)
        default: self = .refused(error)
        }
    }
}

extension AuthorizationServer {
    /// Exchanges the code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5). `resources` say where the access token will be
    /// used (RFC 8707 §2.2).
    public func redeem(
        _ code: SecretBytes, of transaction: AuthorizationTransaction, resources: [String] = []
    ) async -> CodeReply {
        let parameters: [FormEncoding.Parameter] = [
            .plain("grant_type", "authorization_code"), .secret("code", code),
            .plain("redirect_uri", transaction.redirectURI.text),
            .secret("code_verifier", transaction.proofKey.verifier),
        ]
        do throws(RequestFailure) {
            let proof = try proof(at: endpoints.token)
            return CodeReply(
                try await post(
                    parameters + Self.target(resources, nil) + proof.parameters, to: endpoints.token, as: proof,
                    holding: [code, transaction.proofKey.verifier]))
        } catch {
            return CodeReply(error)
        }
    }
}
