internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import Vault

/// Who has approved, and the end of a login that is not kept.
extension LoginRun {
    /// Returns the identity of a login, or discards a login whose ID token is invalid or has an unexpected subject.
    ///
    /// A token that cannot be verified is accepted unless a subject is expected: the access token came from the
    /// provider over TLS.
    func identify(
        _ granted: GrantedLogin, _ client: AccountVault.GrantedClient
    ) async -> Result<AccountVault.GrantedIdentity, LoginError> {
        let verdict = await provider.identify(
            granted.grant, clientID: client.id, clientSecret: client.secret,
            expecting: IDTokenExpectation(nonce: granted.nonce), for: .login)
        let ciba =
            pending.grant == .ciba ? LoginRejection(ciba: verdict, replacing: replaced) : nil
        let unmet = LoginRejection(verdict, pending.demands, at: shared.time.wall)
        if let login = ciba ?? LoginRejection(verdict, settings) ?? unmet {
            return .failure(await discarded(login, granted.grant, client))
        }
        switch verdict {
        case .absent: return .success(.init())
        case .verified(let identity, let idToken, let timing):
            if let timing {
                shared.logger.warning("an ID token is outside its validity period", metadata: ["reason": "\(timing)"])
            }
            // An ID token outside its validity period proves no identity; the next verifiable one sets it.
            return .success(
                .init(
                    identity: timing == nil ? identity : nil, idToken: idToken,
                    missing: timing.map { .untimely(detail: $0) }))
        case .unverified(let detail):
            shared.logger.warning("the ID token cannot be verified", metadata: ["reason": "\(detail)"])
            return .success(.init(missing: .unverified(detail: detail)))
        case .refused(let refusal):
            shared.logger.warning(
                "an unrequested ID token is ignored", metadata: ["reason": "\(refusal.detail)"])
            return .success(.init(missing: .unverified(detail: refusal.detail)))
        }
    }

    /// Keeps an elevated login beside the account's.
    func elevate(
        _ granted: GrantedLogin, of person: AccountVault.GrantedIdentity, _ client: AccountVault.GrantedClient
    ) async -> Result<LoginResult, LoginError> {
        do throws(LoginRejection) { return .success(try elevation.keep(granted, of: person.identity, client)) } catch {
            return .failure(await discarded(error, granted.grant, client))
        }
    }

    /// Ends a login that is not kept.
    func discarded(
        _ rejection: LoginRejection, _ grant: TokenGrant, _ client: AccountVault.GrantedClient
    ) async -> LoginError {
        // Some providers end every login of the client and the person with one of its tokens.
        if rejection.mayBeOfSamePerson, let vault = registry.known(name)?.vault,
            case .active = vault.snapshot(keepAlive: nil).login, let held = vault.client, held.issuer == client.issuer,
            held.id == client.id
        {
            return .discarded(
                rejection, end: "its tokens are discarded, and not revoked, which could end the account's login too")
        }
        return .discarded(rejection, end: await revoke(grant, client))
    }

    /// Revokes the tokens of a discarded login and returns the result in words. Without retry: nothing of the login is
    /// stored.
    private func revoke(_ grant: TokenGrant, _ client: AccountVault.GrantedClient) async -> String {
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
