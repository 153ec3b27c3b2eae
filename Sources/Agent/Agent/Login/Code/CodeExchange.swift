internal import Configuration
internal import OAuth
internal import SecretMemory
internal import Vault

/// The exchange of a code for tokens, at the server that the login recorded before it showed its address
/// (RFC 6749 §4.1.3, RFC 9700 §4.4).
struct CodeExchange: Sendable {
    private let context: LoginContext
    /// The server with the client authentication that has worked so far, and the fallback that is left.
    private let server: AuthorizationServer
    private let otherwise: AuthorizationServer?

    init(context: LoginContext, _ server: AuthorizationServer, otherwise: AuthorizationServer?) {
        (self.context, self.server, self.otherwise) = (context, server, otherwise)
    }

    /// Times between attempts whose request the server has not processed. Codes live for a minute at many servers.
    private static let pauses: [Duration] = [.seconds(1), .seconds(2), .seconds(5), .seconds(10), .seconds(20)]
    private static let longestPause: Duration = .seconds(30)

    /// Sends the code once: again only if the server cannot have used it.
    func redeem(_ code: SecretBytes, of transaction: AuthorizationTransaction) async throws(LoginError) -> GrantedLogin
    {
        var (server, otherwise) = (server, otherwise)
        var pauses = Self.pauses[...]
        while true {
            let requestedAt = context.time.now
            // Unstructured task: to cancel the request would lose a login that the user has approved. The transport bounds
            // its time.
            let request = Task { [server] in
                await server.redeem(code, of: transaction, resources: context.settings.resources)
            }
            let reply = await request.value
            switch reply {
            case .granted(let grant):
                let isUsual = server.client.authentication == context.server.client.authentication
                return GrantedLogin(
                    grant: grant, requestedAt: requestedAt,
                    authentication: isUsual ? nil : server.client.authentication, nonce: transaction.nonce)
            case .refused(let error):
                // The client is checked before the code (RFC 6749 §3.2.1), which is therefore unused.
                guard error.refusesClient, let other = otherwise else {
                    throw .codeRefused(error)
                }
                (server, otherwise) = (other, nil)
            case .notSent(let detail, let retryAfter):
                guard let pause = pauses.popFirst() else { throw .oauth(.transport(.unreachable(detail))) }
                context.report(.retrying(detail: detail))
                let wait = min(max(pause, retryAfter ?? .zero), Self.longestPause)
                do { try await context.time.sleep(until: context.time.now + wait) } catch { throw .cancelled }
            case .lost(let detail): throw .codeReplyLost(detail: detail)
            case .unusable(let detail): throw .refused(code: "bad_response", detail: detail)
            case .untrusted(let detail): throw .oauth(.transport(.tls(detail)))
            case .unconfigured(let failure): throw .oauth(.client(failure))
            }
        }
    }
}
