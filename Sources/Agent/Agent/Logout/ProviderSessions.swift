internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Vault

/// The end of replaced logins, and of sessions at providers that do not revoke tokens (AWS).
struct ProviderSessions: Sendable {
    let shared: SharedParts
    let queue: RevocationQueue

    /// Ends the replaced login at its provider, without waiting for the reply.
    func endReplaced(_ credential: Credential, accessToken: SecretBytes?, of account: Account) async {
        guard let token = credential.refreshToken ?? credential.lastingAccessToken else { return }
        let settings = account.settings
        var client = credential.client
        // If the secret file cannot be read, continue with the stored secret.
        if let secret = try? account.provider.clientSecret(stored: client.secret) { client.secret = secret }
        guard settings.dialect.encoding.revokesTokens else {
            // Unstructured task: the new login is complete and must not wait for the earlier one's provider.
            Task { [client] in await self.endSession(of: credential, client, accessToken: accessToken, account) }
            return
        }
        let record = PendingRevocation(
            credential, token, at: nil,
            authentication: client.registration?.authentication ?? settings.clientAuthentication
                ?? client.authentication,
            secret: client.secret, audience: nil, settings: settings, since: shared.time.wall
        )
        let store = shared.stores[settings.store].store
        await queue.add(RevocationQueue.Item(record: record, store: store), isTried: false)
    }

    private func endSession(
        of credential: Credential, _ client: AccountVault.GrantedClient, accessToken: SecretBytes?, _ account: Account
    ) async {
        let reason: String?
        do throws(OAuthFailure) {
            let server = try await account.provider.server(for: client, .revocation)
            let (isEnded, detail) = await endSession(of: credential, accessToken: accessToken, at: server)
            reason = isEnded ? nil : detail
        } catch {
            reason = error.description
        }
        if let reason {
            shared.logger.warning(
                "the replaced login's session is not ended",
                metadata: ["account": "\(account.name)", "reason": "\(reason)"]
            )
        } else {
            shared.logger.info("the replaced login's session is ended", metadata: ["account": "\(account.name)"])
        }
    }

    /// Ends a session, at a provider that does not revoke tokens (AWS): with the access token in memory, or a new one.
    /// Returns whether the provider confirmed it, and a text for people. Without retry: later the token is gone.
    func endSession(
        of credential: Credential, accessToken: SecretBytes?, at server: AuthorizationServer
    ) async -> (Bool, String?) {
        let token: SecretBytes
        switch await sessionToken(of: credential, accessToken, at: server) {
        case .success(let found): token = found
        case .failure(let reason): return (false, "the sign-in session is not ended: \(reason.detail)")
        }
        switch await server.revoke(token, hint: .accessToken) {
        case .revoked:
            return (true, "the sign-in session is ended; credentials obtained with it stay valid until they expire")
        case .unsupported: return (false, "the provider cannot end a sign-in session")
        case .refused(let detail), .retry(let detail, _): return (false, "the sign-in session is not ended: \(detail)")
        }
    }

    /// Revokes the elevated logins of an account that is logged out. Returns why that failed; `nil` if it did not. Without
    /// retry: their tokens are in no store.
    func endElevated(_ logins: [ElevatedLogin], of account: Account) async -> String? {
        var problem: String?
        for login in logins {
            do throws(OAuthFailure) {
                let server = try await account.provider.server(for: login.client, .revocation)
                let reply =
                    if let refreshToken = login.refreshToken {
                        await server.revoke(refreshToken, hint: .refreshToken)
                    } else {
                        await server.revoke(login.token.secret, hint: .accessToken)
                    }
                switch reply {
                case .revoked, .unsupported: break
                case .refused(let detail), .retry(let detail, _): problem = detail
                }
            } catch { problem = error.description }
        }
        return problem.map { "an elevated login is forgotten, and not revoked: \($0)" }
    }

    private struct NoToken: Error { let detail: String }

    private func sessionToken(
        of credential: Credential, _ accessToken: SecretBytes?, at server: AuthorizationServer
    ) async -> Result<SecretBytes, NoToken> {
        if let token = accessToken ?? credential.lastingAccessToken { return .success(token) }
        guard let refreshToken = credential.refreshToken else {
            return .failure(NoToken(detail: "it needs an access token, and there is none"))
        }
        switch await server.refresh(refreshToken, scopes: nil) {
        case .renewed(let grant): return .success(grant.accessToken)
        case .deadGrant(let error), .needsPerson(let error), .misconfigured(let error):
            return .failure(NoToken(detail: "the provider issues no access token: \(error)"))
        case .unconfigured(let detail), .changed(let detail), .rejected(_, let detail), .transient(let detail, _, _),
            .unanswered(let detail):
            return .failure(NoToken(detail: "the provider issues no access token: \(detail)"))
        }
    }
}
