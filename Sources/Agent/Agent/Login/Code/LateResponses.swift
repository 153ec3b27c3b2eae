internal import AgentAPI
internal import Logging
internal import Synchronization
internal import Vault

/// Responses for accounts without a pending login, such as those after a logout. Logged once a minute: a caller may send
/// as many as it likes, and the audit has each.
final class LateResponses: Sendable {
    private let time: any Time
    private let logger: Logger
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    private static let pause: Duration = .seconds(60)

    init(time: any Time, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    func note(_ account: AccountName) {
        let now = time.now
        let isDue = last.withLock { last in
            if let earlier = last, now < earlier + Self.pause { return false }
            last = now
            return true
        }
        guard isDue else { return }
        logger.notice(
            "an authorization response is ignored", metadata: ["account": "\(account)", "reason": "no_login"])
    }
}
