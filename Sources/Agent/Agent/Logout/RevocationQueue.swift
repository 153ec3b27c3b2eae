internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

/// The queue of tokens to revoke and registered clients to delete at their providers (RFC 7009 §2.2).
final class RevocationQueue: Sendable {
    struct Item: Sendable {
        let record: PendingRevocation
        var store: any CredentialStore
    }

    private struct Waiting {
        var item: Item
        let since: ContinuousClock.Instant
        var backoff: Backoff
        var isRunning = false

        var due: ContinuousClock.Instant { backoff.notBefore ?? since }

        /// A client is deleted last: its tokens cannot be revoked without it.
        func mayRun(among all: [RecordKey: Waiting]) -> Bool {
            let record = item.record
            return !isRunning
                && !(record.deletesClient && all.values.contains { $0.item.record.isRevocation(byClientOf: record) })
        }
    }

    /// After 30 days of no answer, nearly all providers have expired an idle refresh token.
    private static let patience = 30 * 86_400

    private let shared: SharedParts
    private let waiting = Mutex<[RecordKey: Waiting]>([:])
    /// Finished items: a store read that overlapped with the end may still return them.
    private let finished = Mutex<Set<RecordKey>>([])
    private static let mostFinished = 4096

    init(_ shared: SharedParts) { self.shared = shared }

    private var time: any Time { shared.time }
    private var logger: Logger { shared.logger }

    /// Queues the revocation until the login's issuer answers; a missing endpoint is discovered then. `settings` are
    /// the login's, if known. Returns a text for people.
    func revokeLater(
        _ credential: Credential, store: StoreKind, _ detail: String, of settings: AccountSettings? = nil,
        at endpoint: EndpointURL? = nil, as authentication: ClientAuthentication? = nil, secret: SecretBytes? = nil,
        audience: String? = nil, retryAfter: Duration? = nil
    ) async -> String {
        guard let token = credential.refreshToken ?? credential.lastingAccessToken else { return detail }
        let record = PendingRevocation(
            credential, token, at: endpoint, authentication: authentication, secret: secret ?? credential.clientSecret,
            audience: audience, settings: settings, since: shared.time.wall
        )
        let item = Item(record: record, store: shared.stores[store].store)
        await add(item, retryAfter: retryAfter)
        return "\(detail); the agent will try again"
    }

    /// Queues the deletion (RFC 7592 §2.3). The management token is stored until the provider answers.
    func deleteLater(_ client: EarlierClient, of name: AccountName) async {
        let record = PendingRevocation(
            account: name, id: PendingRevocation.newID(), issuer: client.issuer, endpoint: client.management.url.text,
            clientID: client.id, clientSecret: nil, clientAuthentication: nil, token: client.management.token,
            isRefreshToken: false, since: shared.time.wall, deletesClient: true
        )
        let item = Item(record: record, store: shared.stores[client.store].store)
        await add(item, isTried: false)
    }

    /// Queues a revocation, with backoff if it was tried already. Writes it to the store first, so that it survives a
    /// restart.
    func add(_ item: Item, retryAfter: Duration? = nil, isTried: Bool = true) async {
        do throws(StoreFailure) { try await item.store.save(item.record.record) } catch {
            logger.warning(
                "a pending revocation is only in memory",
                metadata: ["account": "\(item.record.account)", "store": "\(error.state.rawValue)"]
            )
        }
        var backoff = Backoff()
        if isTried {
            backoff.failed(at: time.now, retryAfter: retryAfter, definite: true, jitter: shared.jitter())
        }
        let entry = Waiting(item: item, since: time.now, backoff: backoff)
        waiting.withLock { $0[item.record.key] = entry }
        shared.schedule.changed()
    }

    /// Queues what an earlier agent left in a store; entries that are queued already stay as they are.
    func restore(_ records: [StoredRecord], from store: any CredentialStore) {
        let found = records.compactMap(PendingRevocation.init)
        let isNew = waiting.withLock { waiting in
            let fresh = found.filter { waiting[$0.key] == nil && !isFinished($0.key) }
            for record in fresh {
                waiting[record.key] = Waiting(
                    item: Item(record: record, store: store), since: time.now, backoff: Backoff()
                )
            }
            return !fresh.isEmpty
        }
        if isNew { shared.schedule.changed() }
    }

    private func isFinished(_ key: RecordKey) -> Bool { finished.withLock { $0.contains(key) } }

    /// Moves the account's queued records to its new store.
    func move(_ account: AccountName, to store: any CredentialStore) {
        waiting.withLock { waiting in
            for key in waiting.keys where key.account == account { waiting[key]?.item.store = store }
        }
    }

    /// The next due time; in the past if a restored entry was not tried yet.
    var nextDue: ContinuousClock.Instant? {
        waiting.withLock { waiting in waiting.values.filter { $0.mayRun(among: waiting) }.map(\.due).min() }
    }

    func runDue(at now: ContinuousClock.Instant) async {
        let due = waiting.withLock { waiting in
            let due = waiting.filter { $0.value.mayRun(among: waiting) && $0.value.due <= now }
            for key in due.keys { waiting[key]?.isRunning = true }
            return due.values.map(\.item)
        }
        await withDiscardingTaskGroup { group in
            for item in due { group.addTask { await self.attempt(item) } }
        }
    }

    private func attempt(_ item: Item) async {
        switch await revoke(item.record) {
        case .retry(_, let retryAfter) where time.wall < item.record.since + Self.patience:
            waiting.withLock { waiting in
                waiting[item.record.key]?.isRunning = false
                waiting[item.record.key]?.backoff.failed(
                    at: time.now, retryAfter: retryAfter, definite: true, jitter: shared.jitter()
                )
            }
        case .revoked: await finish(item, item.record.deletesClient ? "client deleted" : "revoked at last")
        case .refused, .unsupported, .retry:
            await finish(item, item.record.deletesClient ? "client not deleted" : "revocation given up")
        }
        shared.schedule.changed()
    }

    private func revoke(_ record: PendingRevocation) async -> RevocationReply {
        if record.deletesClient {
            guard let url = record.endpoint.flatMap({ try? EndpointURL(parsing: $0) }) else { return .unsupported }
            return await ClientRegistration(transport: shared.transport)
                .delete(ClientManagement(url: url, token: record.token))
        }
        let found: AuthorizationServer?
        // Retry on any error: a captive portal's page or a missing key file may be repaired.
        do throws(OAuthFailure) { found = try await record.server(shared) } catch {
            return .retry(detail: error.description, retryAfter: nil)
        }
        guard let server = found else { return .unsupported }
        return await server.revoke(record.token, hint: record.isRefreshToken ? .refreshToken : .accessToken)
    }

    private func finish(_ item: Item, _ result: Logger.Message) async {
        logger.info(result, metadata: ["account": "\(item.record.account)"])
        waiting.withLock { waiting in
            finished.withLock { finished in
                if finished.count >= Self.mostFinished { finished.removeAll() }
                finished.insert(item.record.key)
            }
            waiting.removeValue(forKey: item.record.key)
        }
        // A record that stays is sent again after the next start; the provider answers 200 (RFC 7009 §2.2).
        try? await item.store.remove(item.record.key)
    }
}

extension PendingRevocation {
    fileprivate func isRevocation(byClientOf other: PendingRevocation) -> Bool {
        !deletesClient && account == other.account && issuer == other.issuer && clientID == other.clientID
    }

    /// Returns the server to revoke at, after discovery if needed; `nil` if it has no revocation endpoint.
    fileprivate func server(_ shared: SharedParts) async throws(OAuthFailure) -> AuthorizationServer? {
        let known = knownEndpoint.flatMap { try? EndpointURL(parsing: $0) }
        let asked = endpoint == nil ? try? Issuer(parsing: issuer) : nil
        var discovered: ServerMetadata?
        if let asked {
            do throws(OAuthFailure) { discovered = try await shared.metadata.metadata(of: asked) } catch {
                guard known != nil, case .badResponse = error else { throw error }
            }
        }
        let credentials = ClientCredentials(
            id: clientID, secret: clientSecret, keyFile: clientKeyFile, certificateFile: clientCertificateFile,
            assertionFile: clientAssertionFile
        )
        let method =
            clientAuthentication.flatMap(ClientAuthentication.init) ?? credentials.choose(from: discovered)
        let configured = endpoint.flatMap { try? EndpointURL(parsing: $0) }
        // No request goes to the token endpoint from here, so it need not be known.
        guard
            let token = configured ?? discovered?.revocationEndpoint ?? known
                ?? discovered?.certificateEndpoints.revocation
        else { return nil }
        let destination = SecretDestination(
            hosts: endpointHosts, configured: .init(revocation: configured),
            preset: .init(token: token, revocation: known)
        )
        let endpoints = try destination.endpoints(
            for: .revocation, discovered, from: shared.metadata, showsCertificate: method.means == .certificate)
        guard endpoints.revocation != nil else { return nil }
        do throws(ClientProofFailure) {
            return AuthorizationServer(
                endpoints: endpoints,
                client: try credentials.client(method, algorithms: discovered?.assertionAlgorithms, shared.stamp),
                assertionAudience: assertionAudience,
                transport: shared.transport
            )
        } catch {
            throw .client(error)
        }
    }

    /// Creates the record of a later revocation. `endpoint` and `authentication` may be unknown; `settings` supply a
    /// configured or preset endpoint.
    init(
        _ credential: Credential, _ token: SecretBytes, at endpoint: EndpointURL?,
        authentication: ClientAuthentication?, secret: SecretBytes?, audience: String?, settings: AccountSettings?,
        since wall: Int
    ) {
        let preset = settings?.presetEndpoints.revocation
        let endpoint = endpoint ?? settings?.revocationEndpoint ?? (settings?.hasMetadata == false ? preset : nil)
        self.init(
            account: credential.account,
            id: Self.newID(),
            issuer: credential.issuer,
            endpoint: endpoint?.text,
            clientID: credential.clientID,
            clientSecret: secret,
            clientAuthentication: authentication?.rawValue,
            token: token,
            isRefreshToken: credential.refreshToken != nil,
            since: wall,
            endpointHosts: credential.endpointHosts,
            clientKeyFile: settings?.clientKeyFile,
            clientCertificateFile: settings?.clientCertificateFile,
            clientAssertionFile: settings?.clientAssertionFile,
            assertionAudience: audience ?? settings?.assertionAudience,
            knownEndpoint: preset?.text
        )
    }

    static func newID() -> String { String(UInt64.random(in: .min ... .max), radix: 16) }
}
