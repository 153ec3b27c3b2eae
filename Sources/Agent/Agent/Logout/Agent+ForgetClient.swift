internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import Vault

/// The result of forgetting a registered client.
struct ForgottenClient {
    /// Whether the provider confirmed the deletion (RFC 7592 §2.3).
    var isDeleted: Bool
    var reason: String?
    /// Whether the local record can be removed.
    var isGone: Bool
}

extension Agent {
    /// Deletes the client of the ended login, or of an earlier one.
    func forgetClient(
        of ended: AccountVault.Ended, _ account: Account, _ request: LogoutRequest
    ) async -> ForgottenClient {
        var client = ended.credential?.client
        if client == nil {
            do throws(StoreFailure) {
                client = try await parts.stores[account.settings.store].reader.credential(of: account.name)?.client
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
        switch await ClientRegistration(transport: parts.transport).delete(management) {
        case .revoked:
            parts.logger.info("client deleted", metadata: ["account": "\(name)"])
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
    func forgetClientAlone(
        _ name: AccountName, _ request: LogoutRequest
    ) async throws(Problem) -> LogoutReply? {
        do throws(ConfigurationError) {
            guard known(name) == nil, try parts.directory.load(name) == nil else { return nil }
        } catch {
            throw .configuration(error)
        }
        for kind in StoreKind.allCases {
            guard let credential = try? await parts.stores[kind].reader.credential(of: name), !credential.isSignedIn
            else { continue }
            let client = await delete(credential.registration, of: name, request)
            var isForgotten = true
            if client.isGone {
                let key = RecordKey(account: name, purpose: .login)
                isForgotten = (try? await parts.stores[kind].store.remove(key)) != nil
            }
            return LogoutReply(
                account: name, revoked: false, reason: "there was no login to revoke", forgotten: isForgotten,
                clientForgotten: client.isDeleted, clientReason: client.reason
            )
        }
        return nil
    }
}
