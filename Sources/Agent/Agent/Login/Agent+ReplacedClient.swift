internal import AgentAPI
internal import Configuration
internal import OAuth
internal import Vault

/// A client that the agent has registered for an account, and whose record is about to be replaced.
struct EarlierClient: Sendable {
    var issuer: String
    var id: String
    var management: ClientManagement
    var store: StoreKind

    /// `nil` if the client has no management token, so that it cannot be deleted.
    init?(_ client: AccountVault.GrantedClient?, in store: StoreKind) {
        guard let client, let management = client.registration?.management else { return nil }
        (issuer, id, self.management, self.store) = (client.issuer, client.id, management, store)
    }

    func isSame(as client: AccountVault.GrantedClient) -> Bool { issuer == client.issuer && id == client.id }
}

/// Deletes replaced clients at the provider; their management token is lost with the record.
extension Agent {
    /// Returns the clients that a login with these settings may replace: in its store, in the previous one, or in
    /// memory only.
    func earlierClients(of name: AccountName, _ settings: AccountSettings) async -> [EarlierClient] {
        let account = known(name)
        var found = [account.flatMap { EarlierClient($0.vault.client, in: $0.settings.store) }]
        for kind in Set([settings.store, account?.settings.store].compactMap(\.self)) {
            // A store that cannot be read now keeps its record.
            let credential = try? await parts.stores[kind].reader.credential(of: name)
            found.append(EarlierClient(credential?.client, in: kind))
        }
        return found.compactMap(\.self).reduce(into: []) { known, client in
            if !known.contains(where: { $0.issuer == client.issuer && $0.id == client.id }) { known.append(client) }
        }
    }

    /// Deletes at their providers the clients that this one has replaced. Does not wait for the replies.
    func deleteReplaced(
        _ earlier: [EarlierClient], by client: AccountVault.GrantedClient, of name: AccountName
    ) async {
        for other in earlier where !other.isSame(as: client) { await deleteLater(other, of: name) }
    }

    /// Queues the deletion (RFC 7592 §2.3). The management token is stored until the provider answers.
    func deleteLater(_ client: EarlierClient, of name: AccountName) async {
        let record = PendingRevocation(
            account: name, id: PendingRevocation.newID(), issuer: client.issuer, endpoint: client.management.url.text,
            clientID: client.id, clientSecret: nil, clientAuthentication: nil, token: client.management.token,
            isRefreshToken: false, since: parts.time.wall, deletesClient: true
        )
        let item = RevocationQueue.Item(record: record, store: parts.stores[client.store].store)
        await revocations.add(item, isTried: false)
    }
}
