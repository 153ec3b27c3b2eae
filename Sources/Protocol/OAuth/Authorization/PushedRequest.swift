internal import Formats
public import SecretMemory

/// The reference to a pushed authorization request (RFC 9126 §2.2), for one use.
public struct PushedRequest: Sendable {
    public let requestURI: SecretBytes
    /// Seconds.
    public let expiresIn: Int

    public init(requestURI: SecretBytes, expiresIn: Int) {
        self.requestURI = requestURI
        self.expiresIn = expiresIn
    }
}

extension PushedRequest {
    /// RFC 9126 §2.2 expects 5 to 600; a server that omits the required member gets a short one.
    private static let defaultLifetime = 30
    private static let maximumLifetime = 86_400
    /// The address that has it must stay readable.
    private static let longestURI = 1024

    /// Reads the reply: 201, or 200 from some servers.
    package init(_ reply: ProviderReply) throws(OAuthFailure) {
        if let error = reply.error, reply.status < 500, error.known != nil || !reply.isTemporary {
            if error.meaning == .notNow { throw .transport(.unreachable(reply.summary)) }
            throw .provider(error)
        }
        // RFC 9126 §2.3: 429 as well.
        if reply.isTemporary { throw .transport(.unreachable(reply.summary)) }
        guard reply.isSuccess else {
            throw .badResponse(detail: "the request cannot be pushed: \(reply.summary)")
        }
        guard let fields = reply.body.fields else { throw .badResponse(detail: reply.content) }
        guard let uri = TokenGrant.secret(fields["request_uri"], allowing: \.isVisible), uri.count <= Self.longestURI
        else { throw .badResponse(detail: "the reply to the pushed request has no usable request_uri") }
        self.init(
            requestURI: uri,
            expiresIn: fields.seconds("expires_in", atMost: Self.maximumLifetime) ?? Self.defaultLifetime)
    }
}

extension AuthorizationServer {
    /// Pushes the authorization request (RFC 9126 §2.1), so that the address is short and cannot be changed on its way.
    /// Push again after a failed login, or when the reference has expired.
    public func pushAuthorization(
        _ request: AuthorizationRequest, _ transaction: AuthorizationTransaction
    ) async throws(OAuthFailure) -> PushedRequest {
        guard let url = endpoints.pushedAuthorization else {
            throw .codeFlowUnsupported(detail: "the provider names no endpoint for pushed authorization requests")
        }
        let reply: ProviderReply
        do throws(RequestFailure) {
            let proof = try proof(at: url)
            // RFC 9126 §2.1 requires client_id in any case, so that the proof's own would be a second one.
            let parameters = request.parameters(client, dialect, transaction)
            let own = proof.parameters.filter { $0.name != "client_id" }
            reply = try await post(parameters + own, to: url, as: proof, holding: [transaction.state])
        } catch {
            throw OAuthFailure(error)
        }
        return try PushedRequest(reply)
    }
}
