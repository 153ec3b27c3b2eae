internal import Configuration
internal import Logging
internal import OAuth
internal import Vault

/// The check of a login's ID token, before any of the login is stored.
extension Agent {
    /// Returns the identity of a login, or discards a login whose ID token is invalid or has an unexpected subject.
    ///
    /// A token that cannot be verified is accepted unless a subject is expected: the access token came from the
    /// provider over TLS.
    func identify(
        _ grant: TokenGrant, _ provider: Provider, _ client: AccountVault.GrantedClient
    ) async -> Result<AccountVault.GrantedIdentity, LoginError> {
        let settings = provider.settings
        let verdict = await provider.identify(
            grant, clientID: client.id, clientSecret: client.secret, for: .login)
        if let login = LoginRejection(verdict, settings) {
            return .failure(.discarded(login, end: await revoke(grant, provider, client)))
        }
        switch verdict {
        case .absent: return .success(.init())
        case .verified(let identity, let idToken, let timing):
            if let timing {
                parts.logger.warning("an ID token is outside its validity period", metadata: ["reason": "\(timing)"])
            }
            // An ID token outside its validity period proves no identity; the next verifiable one sets it.
            return .success(
                .init(
                    identity: timing == nil ? identity : nil, idToken: idToken,
                    missing: timing.map { .untimely(detail: $0) }))
        case .unverified(let detail):
            parts.logger.warning("the ID token cannot be verified", metadata: ["reason": "\(detail)"])
            return .success(.init(missing: .unverified(detail: detail)))
        case .refused(let refusal):
            parts.logger.warning(
                "an unrequested ID token is ignored", metadata: ["reason": "\(refusal.detail)"])
            return .success(.init(missing: .unverified(detail: refusal.detail)))
        }
    }

    /// Revokes the tokens of a discarded login and returns the result in words. Without retry: nothing of the login is
    /// stored.
    private func revoke(
        _ grant: TokenGrant, _ provider: Provider, _ client: AccountVault.GrantedClient
    ) async -> String {
        let server: AuthorizationServer
        do throws(OAuthFailure) {
            server = try await provider.server(for: client, .revocation)
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
        case .unsupported: "its tokens are discarded; the provider has no revocation endpoint"
        case .refused(let detail), .retry(let detail, _): "its tokens could not be revoked: \(detail)"
        }
    }
}
