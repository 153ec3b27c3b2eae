internal import AgentAPI
internal import Configuration
internal import Logging
internal import Synchronization
internal import System
internal import Vault

/// Announces, once for each login, that it will expire: at the time that `warn_before` names.
final class ExpiryNotices: Sendable {
    private let shared: SharedParts
    /// When each account's login was last announced, in seconds since 1970.
    private let announced: Mutex<[String: Int]>
    private let file: NoticeFile?
    private let disk = BlockingQueue("authagent.notices")

    /// The longest sleep: the wall clock may be set meanwhile, as at the start of a machine without a battery.
    private static let longestSleep = 6 * 3600

    init(_ shared: SharedParts, file: NoticeFile?) {
        (self.shared, self.file) = (shared, file)
        announced = Mutex(file?.load() ?? [:])
    }

    /// When to look again; `nil` if the account's login has no known expiry, or it is announced.
    func nextDue(_ account: Account, at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let due = due(account) else { return nil }
        return now + .seconds(max(0, min(due - shared.time.wall, Self.longestSleep)))
    }

    /// Announces the logins that will expire soon.
    func runDue(_ accounts: [Account]) async {
        let wall = shared.time.wall
        let dues = accounts.filter { due($0).map { $0 <= wall } ?? false }
        guard !dues.isEmpty else { return }
        // Taken under one lock, so that two calls do not announce the same login.
        let new = announced.withLock { announced in
            dues.filter { account in
                let name = account.name.description
                guard let expiry = account.vault.loginExpiry,
                    !Self.isAnnounced(announced[name], since: warningTime(expiry, account), at: wall)
                else { return false }
                announced[name] = wall
                return true
            }
        }
        for account in new { announce(account, at: wall) }
        if !new.isEmpty { await save(accounts) }
    }

    /// The time of the next announcement, in seconds since 1970. A login that is prolonged by each use is announced
    /// again only once it has left the time before its expiry.
    private func due(_ account: Account) -> Int? {
        guard let expiry = account.vault.loginExpiry else { return nil }
        let warning = warningTime(expiry, account)
        let last = announced.withLock { $0[account.name.description] }
        return Self.isAnnounced(last, since: warning, at: shared.time.wall) ? nil : warning
    }

    /// Whether the login was announced since it became due. A time in the future is that of a clock that was wrong.
    private static func isAnnounced(_ last: Int?, since warning: Int, at wall: Int) -> Bool {
        last.map { $0 >= warning && $0 <= wall } ?? false
    }

    private func warningTime(_ expiry: LoginExpiry, _ account: Account) -> Int {
        expiry.warningTime(before: account.settings.warnBefore)
    }

    private func announce(_ account: Account, at wall: Int) {
        guard let expiry = account.vault.loginExpiry else { return }
        shared.feed.report(.loginExpires(account.name, at: expiry.at, now: wall))
        shared.logger.notice("a login expires", metadata: ["account": "\(account.name)", "at": "\(expiry.at)"])
    }

    private func save(_ accounts: [Account]) async {
        guard let file else { return }
        let names = Set(accounts.map(\.name.description))
        let kept = announced.withLock { announced in
            announced = announced.filter { names.contains($0.key) }
            return announced
        }
        do throws(ConfigurationError) {
            try await disk.run { () throws(ConfigurationError) in try file.save(kept) }
        } catch {
            // The price is a second announcement after a restart.
            shared.logger.info("cannot note an announcement", metadata: ["problem": "\(error)"])
        }
    }
}

extension AgentNews {
    /// Creates the event of a login that expires soon. Both times are in seconds since 1970.
    static func loginExpires(_ account: AccountName, at moment: Int, now: Int) -> AgentNews {
        var news = AgentNews(.loginExpires, account: account)
        news.loginExpiresAt = moment
        news.detail = moment <= now ? "the login has expired" : "the login expires in \(words(moment - now))"
        news.hint = "run 'authagent login \(account)'"
        return news
    }

    private static func words(_ seconds: Int) -> String {
        let (count, unit) =
            seconds < 7200
            ? (seconds / 60, "minute") : seconds < 172_800 ? (seconds / 3600, "hour") : (seconds / 86_400, "day")
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }
}
