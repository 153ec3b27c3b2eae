internal import Vault

/// What programs notice of the provider's troubles.
struct Harm {
    /// Tokens in use that expired.
    private(set) var expired = 0
    /// Those of them that the provider would have renewed in time.
    private(set) var avoidable = 0
    /// Programs that were refused, and then served.
    private(set) var refused = 0
    private var waited = 0.0
    private(set) var longestWait = 0.0
    /// Device codes that expired.
    var expiredCodes = 0

    /// As long as the longest back-off: an agent tries at least once in a period of this length.
    static let longEnough = Moment.seconds(Double(Backoff.longest.components.seconds))

    var meanWait: Double { refused == 0 ? 0 : waited / Double(refused) }

    mutating func tokenExpired(renewable period: Moment) {
        expired += 1
        if period >= Self.longEnough { avoidable += 1 }
    }

    mutating func served(after wait: Moment) {
        refused += 1
        waited += wait.inSeconds
        longestWait = max(longestWait, wait.inSeconds)
    }
}
