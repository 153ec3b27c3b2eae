internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Vault

/// The end of an account's earlier login, at another provider or of another client.
extension Agent {
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
            secret: client.secret, audience: nil, settings: settings, since: parts.time.wall
        )
        let store = parts.stores[settings.store].store
        await revocations.add(RevocationQueue.Item(record: record, store: store), isTried: false)
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
            parts.logger.warning(
                "the replaced login's session is not ended",
                metadata: ["account": "\(account.name)", "reason": "\(reason)"]
            )
        } else {
            parts.logger.info("the replaced login's session is ended", metadata: ["account": "\(account.name)"])
        }
    }
}
