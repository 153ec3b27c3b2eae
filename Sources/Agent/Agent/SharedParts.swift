internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import Vault

/// The dependencies of the agent, as the types behind it share them, and what observes their use.
final class SharedParts: Sendable {
    let directory: AccountDirectory
    /// The stores; they report their state to `storeHealth`.
    let stores: StoreSet
    let storeHealth: StoreHealth
    /// The transport; `metrics` counts its requests.
    let transport: any HTTPTransport
    let metadata: MetadataCache
    let identities: IdentityVerifier
    let time: any Time
    let jitter: @Sendable () -> Double
    let randomBytes: @Sendable (Int) -> [UInt8]
    let redirectListeners: any RedirectListening
    let logger: Logger
    let schedule = Schedule()
    let feed: EventFeed
    let hooks: Hooks
    let metrics: AgentMetrics
    /// The questions that the agent has put to users on its own.
    let renewals: RenewalBook
    /// Which accounts' tokens go with those of others.
    let derivations = Derivations()
    /// The tokens of other accounts, for requests that need them.
    let sources = SourceTokens()

    init(_ parts: Agent.Parts) {
        let hooks = Hooks(parts.hooks, time: parts.time, logger: parts.logger)
        let feed = EventFeed(
            origin: EventFeed.origin(parts.randomBytes), time: parts.time, noted: { hooks.note($0) })
        storeHealth = StoreHealth { feed.report(AgentNews($0, is: $1)) }
        metrics = AgentMetrics()
        (self.feed, self.hooks) = (feed, hooks)
        directory = parts.directory
        stores = parts.stores.observed(by: storeHealth)
        transport = MeasuredTransport(transport: parts.transport, time: parts.time, metrics: metrics)
        metadata = MetadataCache(transport: transport, time: parts.time)
        identities = IdentityVerifier(
            metadata: metadata, keys: KeyCache(transport: transport, time: parts.time), time: parts.time
        )
        time = parts.time
        jitter = parts.jitter
        randomBytes = parts.randomBytes
        redirectListeners = parts.redirectListeners
        logger = parts.logger
        renewals = RenewalBook(time: parts.time, logger: parts.logger, file: parts.renewals)
    }

    var stamp: AssertionStamp { AssertionStamp(time: time, randomBytes: randomBytes) }

    /// Publishes an account's news as an event, logs what matters of it, and counts refreshes.
    func report(_ news: AccountNews, of account: AccountName) {
        if let result = news.refreshResult(of: account) { metrics.refreshed(result) }
        guard let news = AgentNews(news, of: account, time) else { return }
        logger.note(news)
        feed.report(news)
    }
}
