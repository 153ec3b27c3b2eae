internal import AgentAPI

/// Whoever is refused again and again must not push everything else out of the last events. Pure: no clock.
struct RepeatedDenials: Sendable {
    private struct Refused: Hashable {
        var user: UInt32
        var account: AccountName?
        var permission: String?
    }

    private var told: [Refused: ContinuousClock.Instant] = [:]

    /// The same is told once in this time; the log has each.
    static let gap: Duration = .seconds(60)
    private static let capacity = 64

    /// Whether the same was told a short while ago.
    mutating func isRepeated(
        _ denial: AgentNews.Denial, _ account: AccountName?, at now: ContinuousClock.Instant
    ) -> Bool {
        let refused = Refused(user: denial.user, account: account, permission: denial.permission)
        if let last = told[refused], now < last + Self.gap { return true }
        if told.count >= Self.capacity { told = told.filter { now < $0.value + Self.gap } }
        // Somebody makes up names: what is new is not told until the old is forgotten.
        guard told.count < Self.capacity else { return true }
        told[refused] = now
        return false
    }
}
