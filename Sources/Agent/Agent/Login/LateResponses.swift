internal import AgentAPI
internal import Logging
internal import Synchronization
internal import Vault

/// Responses for accounts without a pending login, such as those after a logout. The first of an account is logged at once
/// and then one a minute with a count: a caller may send as many as it likes, and the audit has each.
final class LateResponses: Sendable {
    private struct Noted {
        var at: ContinuousClock.Instant
        var unlogged = 0
    }

    private let time: any Time
    private let logger: Logger
    private let accounts = Mutex<[AccountName: Noted]>([:])

    private static let pause: Duration = .seconds(60)
    /// Names are the callers' choice.
    private static let mostAccounts = 64

    init(time: any Time, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    func note(_ account: AccountName) {
        let now = time.now
        let unlogged = accounts.withLock { accounts -> Int? in
            if let earlier = accounts[account], now < earlier.at + Self.pause {
                accounts[account]?.unlogged += 1
                return nil
            }
            if accounts.count >= Self.mostAccounts, let oldest = accounts.min(by: { $0.value.at < $1.value.at })?.key {
                accounts[oldest] = nil
            }
            defer { accounts[account] = Noted(at: now) }
            return accounts[account]?.unlogged ?? 0
        }
        guard let unlogged else { return }
        var metadata: Logger.Metadata = ["account": "\(account)", "reason": "no_login"]
        if unlogged > 0 { metadata["since_last"] = "\(unlogged)" }
        logger.notice("an authorization response is ignored", metadata: metadata)
    }
}
