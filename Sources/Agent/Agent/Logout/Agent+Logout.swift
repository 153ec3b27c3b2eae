internal import Advice
public import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

extension Agent {
    /// Stops refreshing, revokes at the provider, removes the login from store and memory (RFC 7009).
    public func logout(_ name: AccountName, _ request: LogoutRequest) async throws(Problem) -> LogoutReply {
        try requireUnlocked(name)
        // A migration would write the login into the new store after it was removed from the old one.
        if state.withLock({ $0.moving.contains(name) }) { throw .moving(name) }
        // On every path: the HTTP buffers still hold the last tokens.
        defer {
            parts.transport.closeConnections()
            DeadStack.clear()
        }
        if let pending = state.withLock({ $0.logins[name] }) {
            pending.stop(.cancelled)
            await pending.wait()
            // A cancelled first login leaves nothing to remove.
            if known(name) == nil, request.forgetClient != true {
                return LogoutReply(
                    account: name, revoked: false, reason: "its login was still pending and is cancelled",
                    forgotten: true
                )
            }
        }
        if request.forgetClient == true { await state.withLock { $0.registrations[name] }?.value }
        if request.forgetClient == true, let reply = try await forgetClientAlone(name, request) { return reply }
        let account = try account(name)
        let ended: AccountVault.Ended
        do throws(StoreFailure) { ended = try await account.vault.signOut() } catch { throw .store(error) }
        let (revoked, reason): (Bool, String?) =
            request.local == true
            ? (false, "only forgotten on this machine, as asked")
            : await revoke(ended, of: account)
        report(.loggedOut(name, revoked: revoked))
        let client = request.forgetClient == true ? await forgetClient(of: ended, account, request) : nil
        do throws(StoreFailure) { try await account.vault.forget(ended, withClient: client?.isGone ?? false) } catch {
            parts.logger.error(
                "logged out, but the store still has the record",
                metadata: ["account": "\(name)", "store": "\(error.state.rawValue)"]
            )
            let kept =
                error.item == nil
                ? "the store still has the login: \(error.detail)"
                : "not forgotten: \(error.detail); delete it there"
            let steps = [reason, kept].compactMap(\.self)
            return LogoutReply(
                account: name, revoked: revoked, reason: steps.joined(separator: "; "), forgotten: false,
                clientForgotten: client?.isDeleted, clientReason: client?.reason
            )
        }
        await removeLeftover(of: name, beside: account.settings.store, upTo: ended.generation)
        parts.logger.info("logged out", metadata: ["account": "\(name)", "revoked": "\(revoked)"])
        return LogoutReply(
            account: name, revoked: revoked, reason: reason, forgotten: true, clientForgotten: client?.isDeleted,
            clientReason: client?.reason
        )
    }

    private func revoke(_ ended: AccountVault.Ended, of account: Account) async -> (Bool, String?) {
        guard let credential = ended.credential, let token = credential.refreshToken ?? credential.lastingAccessToken
        else {
            return (false, "there was no login to revoke")
        }
        let store = account.settings.store
        guard account.provider.mayReceive(credential) else {
            let detail = "the account file no longer names \(credential.issuer), which is asked"
            return (false, await revokeLater(credential, store: store, detail))
        }
        var client = credential.client
        do throws(ConfigurationError) {
            client.secret = try account.provider.clientSecret(stored: client.secret)
        } catch {
            return (false, error.description)
        }
        let server: AuthorizationServer
        do throws(OAuthFailure) {
            server = try await account.provider.server(for: client, .revocation)
        } catch {
            // Retry on any error: a network outage, a captive portal's page or a missing key file may be repaired.
            guard account.settings.dialect.encoding.revokesTokens else { return (false, error.description) }
            let settings = account.settings
            let detail = await revokeLater(
                credential, store: store, error.description, of: settings,
                as: client.registration?.authentication ?? settings.clientAuthentication ?? client.authentication,
                secret: client.secret
            )
            return (false, detail)
        }
        guard server.revokesTokens else {
            return await endSession(of: credential, accessToken: ended.accessToken, at: server)
        }
        let isRefreshToken = credential.refreshToken != nil
        switch await server.revoke(token, hint: isRefreshToken ? .refreshToken : .accessToken) {
        case .revoked: return (true, nil)
        case .refused(let detail): return (false, detail)
        case .unsupported: return (false, "the provider has no revocation endpoint")
        case .retry(let detail, let retryAfter):
            let detail = await revokeLater(
                credential, store: store, detail, of: account.settings, at: server.endpoints.revocation,
                as: server.client.authentication, secret: client.secret,
                audience: server.endpoints.revocation.map(server.audience), retryAfter: retryAfter
            )
            return (false, detail)
        }
    }

    /// Queues the revocation until the login's issuer answers; a missing endpoint is discovered then. `settings` are
    /// the login's, if known. Returns a text for people.
    @discardableResult
    func revokeLater(
        _ credential: Credential, store: StoreKind, _ detail: String, of settings: AccountSettings? = nil,
        at endpoint: EndpointURL? = nil, as authentication: ClientAuthentication? = nil, secret: SecretBytes? = nil,
        audience: String? = nil, retryAfter: Duration? = nil
    ) async -> String {
        guard let token = credential.refreshToken ?? credential.lastingAccessToken else { return detail }
        let record = PendingRevocation(
            credential, token, at: endpoint, authentication: authentication, secret: secret ?? credential.clientSecret,
            audience: audience, settings: settings, since: parts.time.wall
        )
        let item = RevocationQueue.Item(record: record, store: parts.stores[store].store)
        await revocations.add(item, retryAfter: retryAfter)
        return "\(detail); the agent will try again"
    }
}
