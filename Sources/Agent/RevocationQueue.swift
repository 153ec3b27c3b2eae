internal import AgentAPI
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

/// Logins that are over here and still wait for the provider to hear of it. RFC 7009 §2.2.
final class RevocationQueue: Sendable {
    struct Item: Sendable {
        let record: PendingRevocation
        let store: any CredentialStore
    }

    private struct Waiting {
        let item: Item
        var backoff: Backoff
        var isRunning = false
    }

    /// By then the provider has been gone for so long that the refresh token has died of idleness nearly everywhere.
    private static let patience = 30 * 86_400

    private let transport: any HTTPTransport
    private let time: any Time
    private let jitter: @Sendable () -> Double
    private let logger: Logger
    private let scheduleChanged: @Sendable () -> Void
    private let waiting = Mutex<[RecordKey: Waiting]>([:])

    init(
        transport: any HTTPTransport, time: any Time, jitter: @escaping @Sendable () -> Double, logger: Logger,
        scheduleChanged: @escaping @Sendable () -> Void
    ) {
        self.transport = transport
        self.time = time
        self.jitter = jitter
        self.logger = logger
        self.scheduleChanged = scheduleChanged
    }

    /// Takes over a revocation that failed for now. Written to the store first, so that a restart remembers it.
    func add(_ item: Item, retryAfter: Duration?) async {
        do throws(StoreFailure) { try await item.store.save(item.record.record) } catch {
            logger.warning(
                "a pending revocation is only in memory",
                metadata: ["account": "\(item.record.account)", "store": "\(error.state.rawValue)"]
            )
        }
        var backoff = Backoff()
        backoff.failed(at: time.now, retryAfter: retryAfter, definite: true, jitter: jitter())
        let entry = Waiting(item: item, backoff: backoff)
        waiting.withLock { $0[item.record.key] = entry }
        scheduleChanged()
    }

    /// Takes up what an earlier agent left in a store.
    func restore(_ records: [StoredRecord], from store: any CredentialStore) {
        let found = records.compactMap(PendingRevocation.init)
        guard !found.isEmpty else { return }
        waiting.withLock { waiting in
            for record in found where waiting[record.key] == nil {
                waiting[record.key] = Waiting(item: Item(record: record, store: store), backoff: Backoff())
            }
        }
        scheduleChanged()
    }

    var nextDue: ContinuousClock.Instant? {
        let now = time.now
        return waiting.withLock { waiting in
            waiting.values.filter { !$0.isRunning }.map { $0.backoff.notBefore ?? now }.min()
        }
    }

    func runDue() async {
        let now = time.now
        let due = waiting.withLock { waiting in
            let due = waiting.filter { !$0.value.isRunning && ($0.value.backoff.notBefore ?? now) <= now }
            for key in due.keys { waiting[key]?.isRunning = true }
            return due.values.map(\.item)
        }
        await withDiscardingTaskGroup { group in
            for item in due { group.addTask { await self.attempt(item) } }
        }
    }

    private func attempt(_ item: Item) async {
        let reply = await item.record.server(transport)?.revoke(
            item.record.token, hint: item.record.isRefreshToken ? .refreshToken : .accessToken
        )
        switch reply {
        case .retry(_, let retryAfter) where time.wall - item.record.since < Self.patience:
            waiting.withLock { waiting in
                waiting[item.record.key]?.isRunning = false
                waiting[item.record.key]?.backoff.failed(
                    at: time.now, retryAfter: retryAfter, definite: true, jitter: jitter()
                )
            }
        case .revoked: await finish(item, "revoked at last")
        case .refused, .unsupported, .retry, nil: await finish(item, "revocation given up")
        }
        scheduleChanged()
    }

    private func finish(_ item: Item, _ result: Logger.Message) async {
        logger.info(result, metadata: ["account": "\(item.record.account)"])
        waiting.withLock { _ = $0.removeValue(forKey: item.record.key) }
        // A record that stays behind is asked about once more after the next start, and answered 200 (RFC 7009 §2.2).
        try? await item.store.remove(item.record.key)
    }
}

extension PendingRevocation {
    /// Nil when the record holds no usable endpoint.
    func server(_ transport: any HTTPTransport) -> AuthorizationServer? {
        guard let endpoint = try? EndpointURL(parsing: endpoint),
            let authentication = ClientAuthentication(rawValue: clientAuthentication),
            let endpoints = try? ProviderEndpoints(metadata: nil, device: nil, token: endpoint, revocation: endpoint)
        else { return nil }
        let client = Client(id: clientID, secret: clientSecret, authentication: authentication)
        return AuthorizationServer(endpoints: endpoints, client: client, transport: transport)
    }

    /// What is needed to revoke `token` later, without asking anybody where.
    init?(_ credential: Credential, _ token: SecretBytes, at server: AuthorizationServer, id: String, since wall: Int) {
        guard let endpoint = server.endpoints.revocation else { return nil }
        self.init(
            account: credential.account,
            id: id,
            issuer: credential.issuer,
            endpoint: endpoint.text,
            clientID: server.client.id,
            clientSecret: server.client.secret,
            clientAuthentication: server.client.authentication.rawValue,
            token: token,
            isRefreshToken: credential.refreshToken != nil,
            since: wall
        )
    }
}
