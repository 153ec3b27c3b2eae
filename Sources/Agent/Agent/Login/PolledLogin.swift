internal import AgentAPI
internal import OAuth
internal import Vault

/// The token requests of a login that the user approves elsewhere, until one brings the grant: of the device grant
/// (RFC 8628 §3.4) and of CIBA (OpenID Connect CIBA Core 1.0 §10.1).
struct PolledLogin: Sendable {
    let context: LoginContext
    /// The server with the client authentication that has worked so far.
    let server: AuthorizationServer
    /// The fallback that is left.
    let otherwise: AuthorizationServer?

    /// Polls with `poll`, one request at a time. Ends when its task is cancelled.
    func run(
        _ polling: LoginPolling, poll: @Sendable (AuthorizationServer) async -> PollReply
    ) async throws(LoginError) -> GrantedLogin {
        let time = context.time
        var (server, otherwise, polling) = (server, otherwise, polling)
        var isCodeKnown = false
        while true {
            do { try await time.sleep(until: min(polling.nextPoll, polling.deadline)) } catch { throw .cancelled }
            guard polling.nextPoll < polling.deadline else { throw .expired }
            let requestedAt = time.now
            var reply = await poll(server)
            if Task.isCancelled {
                guard case .granted = reply else { throw .cancelled }
            }
            if case .refused(let error) = reply, error.refusesClient, let other = otherwise {
                (server, otherwise) = (other, nil)
                reply = .pending(interval: nil)
            }
            switch polling.received(reply, at: time.now) {
            case .wait:
                isCodeKnown = true
                context.report(.answered)
            case .slowed(let interval):
                isCodeKnown = true
                context.report(.slowed(interval: interval))
            case .retrying(let detail): context.report(.retrying(detail: detail))
            case .granted(let grant):
                let isUsual = server.client.authentication == context.server.client.authentication
                return GrantedLogin(
                    grant: grant, requestedAt: requestedAt,
                    authentication: isUsual ? nil : server.client.authentication)
            case .failed("invalid_grant", let detail) where !isCodeKnown: throw .codeUnknown(detail: detail)
            case .failed(let code, let detail): throw .refused(code: code, detail: detail)
            case .expired: throw .expired
            }
        }
    }
}

extension LoginContext {
    /// Sends the first request of a login; if the server refuses the client, once more with the fallback. Unlike a refresh,
    /// this request can be repeated without loss. Returns the reply, and what polls with the authentication that worked.
    func begin<Reply: Sendable>(
        _ send: @Sendable (AuthorizationServer) async throws(OAuthFailure) -> Reply
    ) async throws(OAuthFailure) -> (reply: Reply, login: PolledLogin) {
        do throws(OAuthFailure) {
            let reply = try await send(server)
            return (reply, PolledLogin(context: self, server: server, otherwise: otherwise))
        } catch {
            guard case .provider(let refusal) = error, refusal.refusesClient, let otherwise else { throw error }
            let reply = try await send(otherwise)
            return (reply, PolledLogin(context: self, server: otherwise, otherwise: nil))
        }
    }
}
