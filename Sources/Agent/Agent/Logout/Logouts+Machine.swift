internal import Configuration
internal import OAuth
internal import SecretMemory
internal import Vault

/// The end of the tokens of an account without a person.
extension Logouts {
    private static let toleratedOutages = 3

    /// Revokes the valid access tokens (RFC 7009): no refresh token stands for them. A revocation that fails is not
    /// queued, because they expire by themselves. Returns whether all are revoked, and why the first one is not.
    func revokeMachine(_ ended: AccountVault.Ended, of account: Account) async -> (Bool, String?) {
        let tokens = [ended.accessToken].compactMap(\.self) + ended.others
        guard !tokens.isEmpty, let credential = ended.credential else {
            return (false, "there was no access token to revoke")
        }
        var client = credential.client
        let server: AuthorizationServer
        do throws(ConfigurationError) {
            client.secret = try account.provider.clientSecret(stored: client.secret)
        } catch { return (false, error.description) }
        do throws(OAuthFailure) { server = try await account.provider.server(for: client, .revocation) } catch {
            return (false, error.description)
        }
        var firstFailure: String?
        var outages = 0
        // A refusal of one token says nothing about the others.
        for token in tokens {
            switch await server.revoke(token, hint: .accessToken) {
            case .revoked: continue
            case .refused(let detail): firstFailure = firstFailure ?? detail
            case .unsupported: return (false, "the provider has no revocation endpoint")
            case .retry(let detail, _):
                firstFailure = firstFailure ?? "\(detail); the token expires by itself"
                outages += 1
                // A provider that is down costs each token a timeout, for which a person waits.
                if outages == Self.toleratedOutages { return (false, firstFailure) }
            }
        }
        return (firstFailure == nil, firstFailure)
    }
}
