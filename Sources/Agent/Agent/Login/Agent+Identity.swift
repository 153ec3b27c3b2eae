internal import Configuration
internal import Logging
internal import OAuth
internal import Vault

/// Who has approved a login, before anything of it is kept.
extension Agent {
    /// A login whose ID token contradicts it, or is another subject's than the account expects, is not kept.
    ///
    /// One that cannot be verified leaves the login without a subject, unless one is expected: the access token came over
    /// TLS from the provider itself, and a person has just approved it.
    func identify(
        _ grant: TokenGrant, _ provider: Provider, _ client: AccountVault.GrantedClient
    ) async -> Result<AccountVault.GrantedIdentity, LoginError> {
        let settings = provider.settings
        let verdict = await provider.identify(
            grant, clientID: client.id, clientSecret: client.secret, for: .login)
        if let login = DiscardedLogin(verdict, settings) {
            return .failure(.discarded(login, end: await revoke(grant, provider, client)))
        }
        switch verdict {
        case .absent: return .success(.init())
        case .verified(let identity, let idToken, let timing):
            if let timing {
                parts.logger.warning("an ID token is out of its time", metadata: ["reason": "\(timing)"])
            }
            // Out of its time it proves no identity; the first one that can be verified says who it is.
            return .success(
                .init(
                    identity: timing == nil ? identity : nil, idToken: idToken,
                    missing: timing.map { .untimely(detail: $0) }))
        case .unverified(let detail):
            parts.logger.warning("who has logged in cannot be checked", metadata: ["reason": "\(detail)"])
            return .success(.init(missing: .unverified(detail: detail)))
        case .refused(let refusal):
            parts.logger.warning(
                "an ID token that nobody asked for is ignored", metadata: ["reason": "\(refusal.detail)"])
            return .success(.init(missing: .unverified(detail: refusal.detail)))
        }
    }

    /// Gives tokens back that are not kept, and says what became of them. Not tried again later: nothing of such a
    /// login is stored.
    private func revoke(
        _ grant: TokenGrant, _ provider: Provider, _ client: AccountVault.GrantedClient
    ) async -> String {
        let server: AuthorizationServer
        do throws(OAuthFailure) {
            server = try await provider.server(for: client, needsRevocation: true)
        } catch {
            return "its tokens could not be revoked: \(error)"
        }
        let reply =
            if server.revokesTokens, let refreshToken = grant.refreshToken {
                await server.revoke(refreshToken, hint: .refreshToken)
            } else {
                await server.revoke(grant.accessToken, hint: .accessToken)
            }
        return switch reply {
        case .revoked: "its tokens are revoked"
        case .unsupported: "its tokens are thrown away; the provider has no revocation endpoint"
        case .refused(let detail), .retry(let detail, _): "its tokens could not be revoked: \(detail)"
        }
    }
}
