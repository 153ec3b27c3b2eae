internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Vault

/// The end of logins, at the wish of their owner.
struct Logouts: Sendable {
    let shared: SharedParts
    let registry: AccountRegistry
    let logins: Logins
    let revocations: RevocationQueue
    let sessions: ProviderSessions
    let leftovers: LeftoverCopies
    let sinks: Sinks

    /// Stops refreshing, revokes at the provider, removes the login from store and memory (RFC 7009).
    func logout(_ name: AccountName, _ request: LogoutRequest) async throws(Problem) -> LogoutReply {
        try registry.requireUnlocked(name)
        // A migration would write the login into the new store after it was removed from the old one.
        try registry.requireUnmoved(name)
        // On every path: the HTTP buffers still hold the last tokens.
        defer {
            shared.transport.closeConnections()
            DeadStack.clear()
        }
        // A cancelled first login leaves nothing to remove.
        if await logins.cancel(name), registry.known(name) == nil, request.forgetClient != true {
            return LogoutReply(
                account: name, revoked: false, reason: "its login was still pending and is cancelled", forgotten: true
            )
        }
        if request.forgetClient == true { await logins.waitForRegistration(of: name) }
        if request.forgetClient == true, let reply = try await forgetClientAlone(name, request) { return reply }
        let account = try registry.account(name)
        let ended: AccountVault.Ended
        do throws(StoreFailure) { ended = try await account.vault.signOut() } catch { throw .store(error) }
        if ended.credential != nil {
            // The vault's own notice may be on its way in another task, and the files below are removed only once.
            let isMachine = account.settings.machineGrant != nil
            shared.derivations.withdraw(from: name, because: isMachine ? .replaced : .signedOut(name))
        }
        // One that has started since the first cancel would log in again.
        await logins.cancelRenewal(of: name)
        var kept = await sinks.withdraw(of: name)
        // Their tokens were made from this account's, and are gone with them.
        for dependent in shared.derivations.dependents(of: name).sorted() {
            kept += await sinks.withdraw(of: dependent)
        }
        let filesLeft = kept.isEmpty ? nil : kept
        let (revoked, reason): (Bool, String?) =
            request.local == true
            ? (false, "only forgotten on this machine, as asked")
            : await revokeAll(ended, of: account)
        shared.feed.report(.loggedOut(name, revoked: revoked))
        let client = request.forgetClient == true ? await forgetClient(of: ended, account, request) : nil
        do throws(StoreFailure) { try await account.vault.forget(ended, withClient: client?.isGone ?? false) } catch {
            shared.logger.error(
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
                clientForgotten: client?.isDeleted, clientReason: client?.reason, filesLeft: filesLeft
            )
        }
        await leftovers.remove(of: name, beside: account.settings.store, upTo: ended.generation)
        shared.logger.info("logged out", metadata: ["account": "\(name)", "revoked": "\(revoked)"])
        return LogoutReply(
            account: name, revoked: revoked, reason: reason, forgotten: true, clientForgotten: client?.isDeleted,
            clientReason: client?.reason, filesLeft: filesLeft
        )
    }

    /// Revokes the login first: some providers end every login of a client and a person with one.
    private func revokeAll(_ ended: AccountVault.Ended, of account: Account) async -> (Bool, String?) {
        if account.settings.machineGrant != nil { return await revokeMachine(ended, of: account) }
        let (revoked, reason) = await revoke(ended, of: account)
        let other = await sessions.endElevated(ended.elevated, of: account)
        guard let reason, let other else { return (revoked, reason ?? other) }
        return (revoked, "\(reason); \(other)")
    }

    private func revoke(_ ended: AccountVault.Ended, of account: Account) async -> (Bool, String?) {
        guard let credential = ended.credential, let token = credential.refreshToken ?? credential.lastingAccessToken
        else {
            return (false, "there was no login to revoke")
        }
        let store = account.settings.store
        guard account.provider.mayReceive(credential) else {
            let detail = "the account file no longer names \(credential.issuer), which is asked"
            return (false, await revocations.revokeLater(credential, store: store, detail))
        }
        var client = credential.client
        do throws(ConfigurationError) {
            client.secret = try account.provider.clientSecret(stored: client.secret)
        } catch {
            return (false, error.description)
        }
        let server: AuthorizationServer
        do throws(OAuthFailure) {
            server = try await account.provider.server(
                for: client, account.settings.dialect.encoding.revokesTokens ? .revocation : .session)
        } catch {
            // Retry on any error: a network outage, a captive portal's page or a missing key file may be repaired.
            guard account.settings.dialect.encoding.revokesTokens else { return (false, error.description) }
            let settings = account.settings
            let detail = await revocations.revokeLater(
                credential, store: store, error.description, of: settings,
                as: client.registration?.authentication ?? settings.clientAuthentication ?? client.authentication,
                secret: client.secret
            )
            return (false, detail)
        }
        guard server.revokesTokens else {
            return await sessions.endSession(of: credential, accessToken: ended.accessToken, at: server)
        }
        let isRefreshToken = credential.refreshToken != nil
        switch await server.revoke(token, hint: isRefreshToken ? .refreshToken : .accessToken) {
        case .revoked: return (true, nil)
        case .refused(let detail): return (false, detail)
        case .unsupported: return (false, "the provider has no revocation endpoint")
        case .retry(let detail, let retryAfter):
            let detail = await revocations.revokeLater(
                credential, store: store, detail, of: account.settings, at: server.endpoints.revocation,
                as: server.client.authentication, secret: client.secret,
                audience: server.endpoints.revocation.map(server.audience), retryAfter: retryAfter
            )
            return (false, detail)
        }
    }

    /// Deletes the client of the ended login, or of an earlier one.
    private func forgetClient(
        of ended: AccountVault.Ended, _ account: Account, _ request: LogoutRequest
    ) async -> ForgottenClient {
        var client = ended.credential?.client
        if client == nil {
            do throws(StoreFailure) {
                client = try await shared.stores[account.settings.store].reader.credential(of: account.name)?.client
            } catch {
                return ForgottenClient(
                    isDeleted: false, reason: "the store cannot be read: \(error.detail)", isGone: false
                )
            }
        }
        return await delete(client?.registration, of: account.name, request)
    }

    private func delete(
        _ registration: Registration?, of name: AccountName, _ request: LogoutRequest
    ) async -> ForgottenClient {
        guard let registration else {
            return ForgottenClient(isDeleted: false, reason: "the agent has registered no client", isGone: true)
        }
        if request.local == true {
            return ForgottenClient(isDeleted: false, reason: "only forgotten on this machine, as asked", isGone: true)
        }
        guard let management = registration.management else {
            return ForgottenClient(
                isDeleted: false, reason: "the provider gave no URL to delete its registration", isGone: true
            )
        }
        switch await ClientRegistration(transport: shared.transport).delete(management) {
        case .revoked:
            shared.logger.info("client deleted", metadata: ["account": "\(name)"])
            return ForgottenClient(isDeleted: true, reason: nil, isGone: true)
        case .refused(let detail): return ForgottenClient(isDeleted: false, reason: detail, isGone: true)
        case .unsupported: return ForgottenClient(isDeleted: false, reason: "it cannot be deleted", isGone: true)
        // Keep the management token: the registration cannot be deleted without it.
        case .retry(let detail, _):
            return ForgottenClient(
                isDeleted: false, reason: "\(detail); the client is kept, so run the same command again later",
                isGone: false
            )
        }
    }

    /// Deletes the client of a first login that never succeeded, so that no account exists. `nil` if there is an
    /// account, or no such client.
    private func forgetClientAlone(
        _ name: AccountName, _ request: LogoutRequest
    ) async throws(Problem) -> LogoutReply? {
        do throws(ConfigurationError) {
            guard registry.known(name) == nil, try shared.directory.load(name) == nil else { return nil }
        } catch {
            throw .configuration(error)
        }
        for kind in StoreKind.allCases {
            guard let credential = try? await shared.stores[kind].reader.credential(of: name), !credential.isSignedIn
            else { continue }
            let client = await delete(credential.registration, of: name, request)
            var isForgotten = true
            if client.isGone {
                let key = RecordKey(account: name, purpose: .login)
                isForgotten = (try? await shared.stores[kind].store.remove(key)) != nil
            }
            return LogoutReply(
                account: name, revoked: false, reason: "there was no login to revoke", forgotten: isForgotten,
                clientForgotten: client.isDeleted, clientReason: client.reason
            )
        }
        return nil
    }
}

/// The result of forgetting a registered client.
private struct ForgottenClient {
    /// Whether the provider confirmed the deletion (RFC 7592 §2.3).
    var isDeleted: Bool
    var reason: String?
    /// Whether the local record can be removed.
    var isGone: Bool
}
