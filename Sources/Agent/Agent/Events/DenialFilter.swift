internal import AgentAPI

/// A filter that keeps repeated denials from filling the event ring. Pure: time is a parameter.
struct DenialFilter: Sendable {
    private struct Refused: Hashable {
        var user: UInt32
        var account: AccountName?
        var permission: String?
    }

    private var told: [Refused: ContinuousClock.Instant] = [:]

    /// The interval in which an equal denial is reported once. The log has each of them.
    static let gap: Duration = .seconds(60)
    private static let capacity = 64

    /// Whether an equal denial was reported within `gap`; records this one if not.
    mutating func isRepeated(
        _ denial: AgentNews.Denial, _ account: AccountName?, at now: ContinuousClock.Instant
    ) -> Bool {
        let refused = Refused(user: denial.user, account: account, permission: denial.permission)
        if let last = told[refused], now < last + Self.gap { return true }
        if told.count >= Self.capacity { told = told.filter { now < $0.value + Self.gap } }
        // Full: a caller is inventing account names. Suppress new ones until old entries expire.
        guard told.count < Self.capacity else { return true }
        told[refused] = now
        return false
    }
}
