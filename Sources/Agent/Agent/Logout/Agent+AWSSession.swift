internal import OAuth
internal import SecretMemory
internal import Vault

/// Logout at providers that end sessions instead of revoking tokens.
extension Agent {
    /// Ends the login's session with the access token in memory, or with a new one. Returns whether the provider
    /// confirmed it, and a text for people. Without retry: later the access token is gone.
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
        case .unconfigured(let detail), .changed(let detail), .rejected(_, let detail), .transient(let detail, _),
            .unanswered(let detail):
            return .failure(NoToken(detail: "the provider issues no access token: \(detail)"))
        }
    }
}
